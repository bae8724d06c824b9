import { setTimeout as sleep } from 'node:timers/promises';
import { ChunkedUploadError } from '../../chunked-upload.errors.js';
import type { FinishOptions, StoredFile } from '../storage.provider.js';
import { Joining } from './joining.js';
import { removeLeftovers } from './leftovers.js';
import { chained } from './parts-chain.js';
import { numbersOf } from './part-numbers.js';
import { PartSource } from './part-source.js';
import { NOTHING, type Payload, md5Of } from './payload.js';
import { slicesOf } from './piece-series.js';
import { pieceKey } from './pieces.js';
import { isNoObject, isPartsRefusal, isRefusal } from './s3-errors.js';
import type { StoredObject } from './s3-bucket.js';
import type { PartId, StoredPart, UploadPlace } from './s3-multipart.js';
import type { S3Parts } from './s3-parts.js';
import {
  type CommittedParts,
  type FinishedState,
  type S3State,
  type UnfinishedState,
  bytesInParts,
  committedBytes,
  isFinished,
} from './s3-state.js';

const TRIES = 4;
const PAUSE_MS = 200;

type Place = Pick<StoredFile, 'key' | 'finalKey'>;

/** Makes the object of an upload whose bytes are all there. */
export class Finishing {
  /** Those of this process, by their objects: who asks again waits for the same. */
  readonly #running = new Map<string, Promise<FinishedState>>();

  readonly #joining: Joining;

  constructor(private readonly shared: S3Parts) {
    this.#joining = new Joining(shared);
  }

  async finish(
    file: StoredFile,
    state: S3State,
    size: number,
    options: FinishOptions,
  ): Promise<FinishedState> {
    const { finalKey } = file;
    const running = this.#running.get(finalKey) ?? this.#finish(file, state, size, options);
    this.#running.set(finalKey, running);
    try {
      return await running;
    } finally {
      this.#running.delete(finalKey);
    }
  }

  async #finish(
    file: Place,
    state: S3State,
    size: number,
    options: FinishOptions,
  ): Promise<FinishedState> {
    const { identity } = state;
    const finished = { identity, size };
    if (isFinished(state)) {
      if (!(await this.#isDone(file, finished))) throw ChunkedUploadError.bytesMissing();
    } else {
      if (committedBytes(state) !== size) throw ChunkedUploadError.bytesMissing();
      if (state.parts) await this.#completeParts(file, state, state.parts, finished, options);
      else await this.#putWhole(file, state, finished);
    }
    await this.#clean(file, state, options).catch(ignore);
    return finished;
  }

  /** Of a file that is less than a part, or has none. */
  async #putWhole(file: Place, state: UnfinishedState, finished: FinishedState): Promise<void> {
    const { bucket } = this.shared;
    const { identity } = finished;
    const [piece, ...others] = state.pieces;
    try {
      if (finished.size === 0) return await bucket.putFinal(file.finalKey, NOTHING, { identity });
      if (piece && others.length === 0) {
        const from = pieceKey(file.key, piece);
        if (await bucket.copyFinal(from, file.finalKey, { identity })) return;
      }
      const source = this.#source(file, state, 0, finished.size);
      try {
        await bucket.putFinal(file.finalKey, source, { identity });
      } finally {
        source.release();
      }
    } catch (error) {
      // The pieces go when it is done: somebody else may have done it.
      if (!isMissing(error)) throw error;
      if (!(await this.#isDone(file, finished))) throw ChunkedUploadError.bytesMissing(error);
    }
  }

  async #completeParts(
    file: Place,
    state: UnfinishedState,
    parts: CommittedParts,
    finished: FinishedState,
    options: FinishOptions,
  ): Promise<void> {
    const { multipart } = this.shared;
    const place = { key: file.finalKey, uploadId: parts.uploadId };
    for (let tries = 1; ; tries += 1) {
      const stored = await multipart.parts(place);
      try {
        if (!stored) await this.#findCompleted(file, finished);
        else if (await this.#complete(file, state, parts, stored, finished, options)) return;
      } catch (error) {
        // Somebody else may have done it meanwhile.
        if (await this.#isDone(file, finished)) return;
        if (tries === TRIES || isFinal(error)) throw error;
      }
      if (await this.#isDone(file, finished)) return;
      if (tries === TRIES) throw ChunkedUploadError.unavailable('The store completes no file');
      await sleep(PAUSE_MS * tries);
    }
  }

  /** False: it is to be looked whether that has completed the file. */
  async #complete(
    file: Place,
    state: UnfinishedState,
    parts: CommittedParts,
    stored: readonly StoredPart[],
    finished: FinishedState,
    options: FinishOptions,
  ): Promise<boolean> {
    const committed = committedParts(stored, state, parts);
    if (!committed) throw ChunkedUploadError.bytesMissing();
    const last = await this.#lastParts(file, state, parts, stored, options);
    const place = { key: file.finalKey, uploadId: parts.uploadId };
    const wanted = [...committed, ...last];
    try {
      return await this.shared.multipart.complete(place, wanted);
    } catch (error) {
      if (!isPartsRefusal(error)) throw error;
      const { partSize } = state;
      await this.#joining.join(file, { place, partSize, wanted }, finished);
      return false;
    }
  }

  /** There is no such upload any more: it was completed, by a call whose answer was lost, or it is gone. */
  async #findCompleted(file: Place, finished: FinishedState): Promise<void> {
    const found = await this.shared.bucket.head(file.finalKey);
    if (found && isOf(found, finished)) return;
    if (!found || !(await this.#joining.resume(file, found, finished))) {
      throw ChunkedUploadError.bytesMissing();
    }
  }

  /** Makes parts of what is in none yet. Usually it is one, and less than the others. */
  async #lastParts(
    file: Place,
    state: UnfinishedState,
    parts: CommittedParts,
    stored: readonly StoredPart[],
    { attempt }: FinishOptions,
  ): Promise<PartId[]> {
    const { multipart } = this.shared;
    const place: UploadPlace = { key: file.finalKey, uploadId: parts.uploadId };
    const { partSize } = state;
    const rest = committedBytes(state) - bytesInParts(state);
    const highest = stored.at(-1)?.number ?? 0;
    // Behind all that others may have left, and have a name for.
    let number = attempt === 1 ? parts.next : parts.next + (attempt - 1) * parts.reserved;
    if (attempt > 1) number = Math.max(number, highest + 1);
    const made: PartId[] = [];
    for (let from = 0; from < rest; from += partSize) {
      const source = this.#source(file, state, from, Math.min(partSize, rest - from));
      try {
        const after = made.at(-1)?.number ?? parts.next - 1;
        const equal = await equalPart(stored, source, after);
        made.push(equal ?? { number, etag: await multipart.uploadPart(place, number, source) });
        number = Math.max(number, (equal?.number ?? number) + 1);
      } finally {
        source.release();
      }
    }
    return made;
  }

  /** Whether the finished object is there, and is this upload's: that there is one is no proof. */
  async #isDone({ finalKey }: Place, finished: FinishedState): Promise<boolean> {
    const found = await this.shared.bucket.head(finalKey);
    return found !== null && isOf(found, finished);
  }

  async #clean(file: Place, state: S3State, { attempt, contested }: FinishOptions): Promise<void> {
    const isDirty = attempt > 1 || contested || (!isFinished(state) && state.dirty);
    if (isDirty) return removeLeftovers(this.shared, file);
    if (isFinished(state)) return;
    await this.shared.store.remove(file.key, [...state.pieces, ...state.dropped]);
  }

  #source(file: Place, state: UnfinishedState, from: number, length: number): PartSource {
    const slices = slicesOf(state.pieces, state.skip + from, length);
    return new PartSource(this.shared.store, file.key, slices, null, {});
  }
}

/** The parts that the state speaks of; null: they are not what was committed. */
function committedParts(
  stored: readonly StoredPart[],
  { partSize }: UnfinishedState,
  { runs, chain }: CommittedParts,
): PartId[] | null {
  const byNumber = new Map(stored.map((part) => [part.number, part]));
  const committed: PartId[] = [];
  let seen = '';
  for (const number of numbersOf(runs)) {
    const part = byNumber.get(number);
    if (part?.size !== partSize) return null;
    seen = chained(seen, number, part.etag);
    committed.push(part);
  }
  return seen === chain ? committed : null;
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

function isOf(found: StoredObject, { identity, size }: FinishedState): boolean {
  return found.identity === identity && found.size === size;
}

function isFinal(error: unknown): boolean {
  return isRefusal(error) || (error instanceof ChunkedUploadError && error.code !== 'unavailable');
}

function isMissing(error: unknown): boolean {
  return (
    isNoObject(error) || (error instanceof ChunkedUploadError && error.code === 'bytes_missing')
  );
}

function ignore(): void {}
