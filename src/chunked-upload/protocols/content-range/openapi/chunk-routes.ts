import { ChunkedUploadError } from '../../../chunked-upload.errors.js';
import { NO_STORE, number, text, withoutBody } from './answers.js';
import { errorResponses } from './error-responses.js';
import type { Content, Parameter, RouteDescription, Schema } from './openapi.types.js';
import { ID } from './parameters.js';
import { BINARY } from './request-bodies.js';

const COUNT: Schema = { type: 'integer', format: 'int64', minimum: 0 };
const error = ChunkedUploadError;

const NAMED: Parameter = {
  in: 'query',
  name: 'patch',
  required: true,
  description: 'Id of the upload (FilePond).',
  schema: { type: 'string', format: 'uuid' },
};

const CHUNK: readonly Parameter[] = [
  header('Upload-Offset', 'Where the chunk begins.', COUNT, true),
  header('Upload-Length', 'Size of the whole file.', COUNT),
  header('Upload-Name', 'FilePond: name of the file, with its first chunk.', { type: 'string' }),
];

const BYTES: Content = { 'application/offset+octet-stream': { schema: BINARY } };
const PARTIAL: Content = { 'application/partial-upload': { schema: BINARY } };

/** Routes that only other protocols than the type's own have. */
export function chunkRoutes(
  errorRef: string,
): Record<'patchNamed' | 'patch' | 'headNamed' | 'options', RouteDescription> {
  const errors = (...list: ChunkedUploadError[]) => errorResponses(errorRef, list);
  const seen = [error.notFound(), error.expired(), error.aborted()];
  const away = error.unavailable('The storage is not available');
  const refused = errors(
    error.offsetMismatch(100, 0),
    error.totalMismatch(300, 400),
    ...seen,
    error.checksumStateLost(),
    error.busy(),
    error.storageFull(undefined),
    error.exceedsStorage(),
    away,
  );
  const offset = { 'Upload-Offset': number('Where the next chunk starts.'), ...NO_STORE };
  return {
    patchNamed: {
      summary: 'Send the next chunk (FilePond)',
      description:
        'Bytes that the server already has are skipped. The last byte completes the upload.',
      parameters: [NAMED, ...CHUNK],
      requestBody: { required: false, content: BYTES },
      responses: {
        204: { description: 'The chunk is in storage.', headers: NO_STORE },
        ...refused,
      },
    },
    patch: {
      summary: 'Send the next chunk (tus, FilePond or resumable uploads)',
      description:
        'The headers of the request choose the protocol: tus 1.0, FilePond, or the IETF draft.',
      parameters: [ID, ...CHUNK],
      requestBody: { required: false, content: { ...BYTES, ...PARTIAL } },
      responses: { 204: { description: 'The chunk is in storage.', headers: offset }, ...refused },
    },
    headNamed: {
      summary: 'Ask where to continue (FilePond)',
      description: 'All bytes below the offset are in storage.',
      parameters: [NAMED],
      responses: {
        200: { description: 'The upload exists.', headers: offset },
        ...withoutBody(errors(...seen, away)),
      },
    },
    options: {
      summary: 'Ask which protocols are supported',
      description: 'Lists the protocols, and their limits.',
      parameters: [],
      responses: {
        204: {
          description: 'One set of headers for each protocol of this upload type.',
          headers: { Allow: text('The allowed methods.') },
        },
      },
    },
  };
}

function header(name: string, description: string, schema: Schema, required = false): Parameter {
  return { in: 'header', name, required, description, schema };
}
