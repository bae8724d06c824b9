import type { AbstractChunkedUpload } from '../chunked-upload.entity.js';

/** The last part of an event's name: `chunked-upload.created` and so on. */
export type ChunkedUploadEventKind =
  'created' | 'progressed' | 'completed' | 'aborted' | 'expired' | 'removed';

export type ChunkedUploadEventName = `chunked-upload.${ChunkedUploadEventKind}`;

/**
 * What listeners of Nest's `EventEmitter2` receive, after the commit of what happened.
 *
 * ```ts
 * @OnEvent('chunked-upload.completed')
 * async notify({ upload }: ChunkedUploadEvent<Video>) { … }
 * ```
 */
export class ChunkedUploadEvent<T extends AbstractChunkedUpload = AbstractChunkedUpload> {
  /** The user who began the upload; null for an anonymous one. */
  readonly creator: string | null;
  /** By which the upload was begun, such as `tus`; null: by the service, without HTTP. */
  readonly protocol: string | null;

  constructor(
    readonly name: ChunkedUploadEventName,
    /** The upload type: its `path`. */
    readonly type: string,
    /** As it was committed; a removed one as it was before. It is a copy: changing it changes no answer. */
    readonly upload: T,
    /** Bytes that this request added to the file; 0 for all but `created` and `progressed`. */
    readonly bytes: number,
  ) {
    this.creator = upload.creator;
    this.protocol = upload.protocol;
  }
}
