import { type AbstractChunkedUpload, ChunkedUploadStatus } from '../../chunked-upload.entity.js';

/** An upload as every verb shows it. */
export interface UploadRepresentation {
  readonly id: string;
  readonly url: string;
  /** URL of the file; null until it is complete. */
  readonly file: string | null;
  readonly filename: string;
  readonly offset: number;
  readonly total: number | null;
  readonly status: ChunkedUploadStatus;
  readonly creator: string | null;
  readonly owner_type: string | null;
  readonly owner_id: string | null;
  /** ISO 8601, UTC, like the other times. */
  readonly created_at: string;
  readonly completed_at: string | null;
  readonly expires: string | null;
  /** The same instant as `expires`, by this project's own rule of names. */
  readonly expires_at: string | null;
}

/** `collectionUrl` is the absolute URL of the upload type, without a slash at its end. */
export function representUpload(
  upload: AbstractChunkedUpload,
  collectionUrl: string,
): UploadRepresentation {
  const url = `${collectionUrl}/${upload.id}`;
  const complete = upload.status === ChunkedUploadStatus.Complete;
  const expires = complete ? null : (upload.expiresAt?.toISOString() ?? null);
  return {
    id: upload.id,
    url,
    file: complete ? `${url}/file` : null,
    filename: upload.filename,
    offset: upload.offset,
    total: upload.total,
    status: upload.status,
    creator: upload.creator,
    owner_type: upload.ownerType,
    owner_id: upload.ownerId,
    created_at: upload.createdAt.toISOString(),
    completed_at: upload.completedAt?.toISOString() ?? null,
    expires,
    expires_at: expires,
  };
}
