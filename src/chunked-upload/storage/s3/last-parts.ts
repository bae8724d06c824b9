import { ChunkedUploadError } from '../../chunked-upload.errors.js';
import { type NumberRun, countOf, leavesOutMany } from './part-numbers.js';
import { PartSource } from './part-source.js';
import { type Payload, md5Of } from './payload.js';
import { slicesOf } from './piece-series.js';
import { isPartsRefusal, mostPartsOf } from './s3-errors.js';
import type { PartId, StoredPart, UploadPlace } from './s3-multipart.js';
import type { S3Parts } from './s3-parts.js';
import {
  type CommittedParts,
  type UnfinishedState,
  bytesInParts,
  committedBytes,
} from './s3-state.js';

export interface LastPartsOptions {
  readonly place: UploadPlace;
  /** Of the pieces. */
  readonly key: string;
  readonly state: UnfinishedState;
  readonly parts: CommittedParts;
  /** All parts that are there. */
  readonly stored: readonly StoredPart[];
  readonly attempt: number;
}

/**
 * Makes parts of what is in none yet when a file is finished: usually one, and less than the others.
 * It can be done again and again: the bytes are in pieces as well.
 */
export async function makeLastParts(
  { multipart, store, options }: S3Parts,
  { place, key, state, parts, stored, attempt }: LastPartsOptions,
): Promise<PartId[]> {
  const { partSize, pieces, skip } = state;
  const rest = committedBytes(state) - bytesInParts(state);
  const highest = stored.at(-1)?.number ?? 0;
  let last = lastOf(parts.runs);
  // Behind all that others may have left, or have a name for.
  let next = parts.next + (attempt - 1) * parts.reserved;
  if (attempt > 1) next = Math.max(next, highest + 1);
  const made: PartId[] = [];
  for (let from = 0; from < rest; from += partSize) {
    const slices = slicesOf(pieces, skip + from, Math.min(partSize, rest - from));
    const source = new PartSource(store, key, slices, null, {});
    try {
      const equal = await equalPart(stored, source, Math.max(last, parts.next - 1));
      // Writers since the last commit may have used more numbers than there are, or than can be filled.
      const count = countOf(parts.runs) + made.length;
      const others = Math.ceil((rest - from) / partSize) - 1;
      const numbers = [next, Math.max(last, highest) + 1, last + 1].filter(
        (number, index) =>
          number + others <= options.maxParts && (index > 0 || !leavesOutMany(number, count)),
      );
      const part = equal ?? (await uploadAsOneOf(numbers, source));
      made.push(part);
      last = part.number;
      next = Math.max(next, last + 1);
    } finally {
      source.release();
    }
  }
  return made;

  /** Some stores take no number that leaves others out. */
  async function uploadAsOneOf(numbers: readonly number[], payload: Payload): Promise<PartId> {
    const [number, ...others] = numbers;
    if (number === undefined) throw ChunkedUploadError.exceedsStorage();
    try {
      const { etag } = await multipart.uploadPart(place, number, payload);
      return { number, etag };
    } catch (error) {
      const most = mostPartsOf(error);
      const isOfNumber = most !== null && number > most;
      if (others.length > 0 && (isOfNumber || isPartsRefusal(error))) {
        return uploadAsOneOf(others, payload);
      }
      throw isOfNumber ? ChunkedUploadError.exceedsStorage(error) : error;
    }
  }
}

/** A part of the same bytes, such as this step has made before, and then died. */
async function equalPart(
  stored: readonly StoredPart[],
  payload: Payload,
  after: number,
): Promise<PartId | null> {
  const candidates = stored.filter(({ number, size }) => number > after && size === payload.length);
  if (candidates.length === 0) return null;
  const md5 = payload.md5 ?? (await md5Of(payload));
  return candidates.find(({ etag }) => etag.toLowerCase() === md5) ?? null;
}

function lastOf(runs: readonly NumberRun[]): number {
  const [first, count] = runs.at(-1) ?? [1, 0];
  return first + count - 1;
}
