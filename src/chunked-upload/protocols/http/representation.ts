import { type AbstractChunkedUpload, ChunkedUploadStatus } from '../../chunked-upload.entity.js';

/** An upload as JSON, the same in every answer. */
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
  /** The same instant as `expires`. */
  readonly expires_at: string | null;
  /** Values of the type's `fields`. */
  readonly [field: string]: unknown;
}

/**
 * `collectionUrl` is the absolute URL of the upload type, without a slash at its end; `fields` are
 * the values of its own fields.
 */
export function representUpload(
  upload: AbstractChunkedUpload,
  collectionUrl: string,
  fields: Readonly<Record<string, unknown>> = {},
): UploadRepresentation {
  const url = `${collectionUrl}/${upload.id}`;
  const complete = upload.status === ChunkedUploadStatus.Complete;
  const expires = complete ? null : (upload.expiresAt?.toISOString() ?? null);
  return {
    ...jsonOf(fields),
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

/** JSON has no whole numbers above 2^53: they are shown as the database writes them. */
function jsonOf(fields: Readonly<Record<string, unknown>>): Record<string, unknown> {
  return Object.fromEntries(
    Object.entries(fields).map(([name, value]) => [
      name,
      typeof value === 'bigint' ? String(value) : (value ?? null),
    ]),
  );
}
