/** Names of methods and header fields, by what `enableCors` calls their lists. */
export interface CorsNames {
  readonly methods: readonly string[];
  readonly allowedHeaders: readonly string[];
  readonly exposedHeaders: readonly string[];
}

/**
 * What a page needs to begin an upload, to resume it and to remove it, by protocol. GET, HEAD and POST
 * are not listed: browsers send them without asking (Fetch, "CORS-safelisted method").
 */
export const CORS_NEEDS: Readonly<Record<string, CorsNames>> = {
  'content-range': {
    methods: ['PUT', 'DELETE'],
    allowedHeaders: ['Content-Range', 'Content-Type'],
    // Our own client does without.
    exposedHeaders: [],
  },
  tus: {
    methods: ['PATCH', 'DELETE'],
    allowedHeaders: [
      'Tus-Resumable',
      'Upload-Length',
      'Upload-Offset',
      'Upload-Metadata',
      'Content-Type',
    ],
    exposedHeaders: ['Location', 'Upload-Offset', 'Upload-Length', 'Tus-Resumable'],
  },
  filepond: {
    methods: ['PATCH', 'DELETE'],
    allowedHeaders: ['Upload-Length', 'Upload-Offset', 'Upload-Name', 'Content-Type'],
    exposedHeaders: ['Upload-Offset'],
  },
  'resumable-http': {
    methods: ['PATCH', 'DELETE'],
    allowedHeaders: [
      'Upload-Draft-Interop-Version',
      'Upload-Complete',
      'Upload-Length',
      'Upload-Offset',
      'Content-Type',
    ],
    exposedHeaders: ['Location', 'Upload-Offset', 'Upload-Length', 'Upload-Complete'],
  },
};
