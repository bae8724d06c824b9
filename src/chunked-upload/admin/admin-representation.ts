import { type PreviewKind, previewOf } from './admin-file.js';
import type { AdminListed, AdminSighting, AdminStatus } from '../database/admin.repository.js';

/** An upload in a list. */
export interface ListedUpload {
  readonly type: string;
  readonly id: string;
  readonly filename: string;
  readonly status: AdminStatus;
  /** Whether a request is writing it now. */
  readonly writing: boolean;
  readonly creator: string | null;
  /** By which it was begun; null: by the service, without HTTP. */
  readonly protocol: string | null;
  readonly owner_type: string | null;
  readonly owner_id: string | null;
  /** In bytes, like `total`. */
  readonly offset: number;
  readonly total: number | null;
  /** From 0 to 1; null while the size is not known. */
  readonly progress: number | null;
  readonly age_seconds: number;
  /** ISO 8601, UTC, like the other times. */
  readonly created_at: string;
  readonly completed_at: string | null;
  readonly expires_at: string | null;
}

/** All that is shown of one upload: nothing that a writer's token or a storage's note could give away. */
export interface DetailedUpload extends ListedUpload {
  /** Where the storage keeps the bytes now. */
  readonly key: string;
  readonly checksum: string | null;
  readonly mime_type: string | null;
  /** How the page can show the file; null: not at all, or not yet. */
  readonly preview: PreviewKind | null;
  /** The process that writes it. */
  readonly writer: string | null;
  readonly writing_until: string | null;
  /** Oldest first, at most 20: where chunks ended, and when. */
  readonly history: readonly { readonly offset: number; readonly at: string }[];
  /** Columns that the host's entity has beside ours. */
  readonly own: Readonly<Record<string, unknown>>;
}

export function representListed(type: string, listed: AdminListed | AdminSighting): ListedUpload {
  const { upload, status, writing, ageSeconds } = listed;
  const { offset, total } = upload;
  return {
    type,
    id: upload.id,
    filename: upload.filename,
    status,
    writing,
    creator: upload.creator,
    protocol: upload.protocol,
    owner_type: upload.ownerType,
    owner_id: upload.ownerId,
    offset,
    total,
    progress: progressOf(status, offset, total),
    age_seconds: ageSeconds,
    created_at: upload.createdAt.toISOString(),
    completed_at: upload.completedAt?.toISOString() ?? null,
    expires_at: upload.expiresAt?.toISOString() ?? null,
  };
}

export function representDetailed(
  type: string,
  sighting: AdminSighting,
  own: Readonly<Record<string, unknown>>,
): DetailedUpload {
  const { upload, status, writing } = sighting;
  return {
    ...representListed(type, sighting),
    key: status === 'complete' ? upload.finalKey : upload.key,
    checksum: upload.checksum,
    mime_type: upload.mimeType,
    preview: status === 'complete' ? previewOf(upload) : null,
    writer: writing ? upload.leaseHolder : null,
    writing_until: writing ? (upload.leaseUntil?.toISOString() ?? null) : null,
    history: (upload.history ?? []).map(([offset, time]) => ({
      offset,
      at: new Date(time).toISOString(),
    })),
    own: Object.fromEntries(Object.entries(own).map(([name, value]) => [name, shown(value)])),
  };
}

function progressOf(status: AdminStatus, offset: number, total: number | null): number | null {
  if (status === 'complete') return 1;
  if (total === null) return null;
  return total === 0 ? 0 : offset / total;
}

function shown(value: unknown): unknown {
  if (Buffer.isBuffer(value)) return `${value.length} bytes`;
  return typeof value === 'bigint' ? String(value) : (value ?? null);
}
