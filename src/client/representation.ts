/** The server's description of an upload. Times are ISO 8601, UTC. */
export interface Representation {
  readonly id: string;
  /** Absolute URL of the upload. */
  readonly url: string;
  /** URL of the finished file; `null` until the upload is complete. */
  readonly file: string | null;
  readonly filename: string;
  /** Bytes that the server has stored durably. */
  readonly offset: number;
  /** Size of the whole file in bytes; `null` while unknown. */
  readonly total: number | null;
  readonly status: UploadStatus;
  readonly creator: string | null;
  readonly owner_type: string | null;
  readonly owner_id: string | null;
  readonly created_at: string;
  readonly completed_at: string | null;
  readonly expires: string | null;
  readonly expires_at: string | null;
}

/** 1: incomplete, 2: complete, 3: aborted. */
export type UploadStatus = 1 | 2 | 3;

/** Whether an answer is a representation, as far as a client depends on it. */
export function isRepresentation(value: unknown): value is Representation {
  if (typeof value !== 'object' || value === null) return false;
  return (
    'id' in value &&
    typeof value.id === 'string' &&
    'offset' in value &&
    typeof value.offset === 'number'
  );
}
