import { type Listing } from './remote-uploads.js';
import { type Representation } from './representation.js';

/** What is known of an upload whose first request broke before its answer, so that its id is not. */
export interface LostUpload {
  readonly fileName: string;
  /** Size of the file in bytes. */
  readonly total: number;
  /** Bytes that its first request had: it cannot have more. */
  readonly most: number;
  /** Milliseconds since 1970 by this computer's clock, when the first request was sent. */
  readonly begunAt: number;
}

/** Clocks tick and `Date` headers tell whole seconds. */
const TOLERANCE = 2_000;

/**
 * The one upload of the list that must be the lost one. `null` when none fits, or more than one:
 * a stranger's bytes in the file would be worse than sending the beginning again.
 *
 * @param now milliseconds since 1970 by this computer's clock, when the list arrived
 */
export function recognise(
  { fileName, total, most, begunAt }: LostUpload,
  { uploads, serverTime }: Listing,
  now = Date.now(),
): Representation | null {
  // The clocks may differ by hours; the time since then is the same by both.
  const begunAtServer = begunAt + ((serverTime ?? now) - now) - TOLERANCE;
  const found = uploads.filter(
    (upload) =>
      upload.filename === fileName &&
      upload.total === total &&
      upload.offset <= most &&
      Date.parse(upload.created_at) >= begunAtServer,
  );
  return found.length === 1 ? (found[0] ?? null) : null;
}
