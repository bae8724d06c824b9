import { setTimeout as sleep } from 'node:timers/promises';
import { ChunkedUploadError, hasCode } from '../../chunked-upload.errors.js';
import type { FinishOptions, StoredFile } from '../storage.provider.js';
import { findCommitted } from './committed-parts.js';
import { FinishingRun } from './finishing-run.js';
import { Joining } from './joining.js';
import { makeLastParts } from './last-parts.js';
import { removeLeftovers } from './leftovers.js';
import { PartSource } from './part-source.js';
import { NOTHING } from './payload.js';
import { slicesOf } from './piece-series.js';
import { pieceKey } from './pieces.js';
import { isNoObject, isPartsRefusal, isRefusal } from './s3-errors.js';
import type { StoredObject } from './s3-bucket.js';
import type { PartId, StoredPart } from './s3-multipart.js';
import type { S3Parts } from './s3-parts.js';
import {
  type CommittedParts,
  type FinishedState,
  type S3State,
  type UnfinishedState,
  committedBytes,
  isFinished,
} from './s3-state.js';

const TRIES = 4;
const PAUSE_MS = 200;
/** Of one upload in this process: each that waits holds a connection. */
const MOST_RUNS = 2;

type Place = Pick<StoredFile, 'key' | 'finalKey'>;

/** Makes the object of an upload whose bytes are all there. */
export class Finishing {
  /**
   * Those of this process, by their objects: who asks again waits for the same, unless that waits for a
   * call that may have been lost. A second such call does no harm: another process would make it as well.
   */
  readonly #running = new Map<string, readonly FinishingRun[]>();

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
    const running = this.#running.get(finalKey) ?? [];
    const newest = running.at(-1);
    if (newest && !newest.isUnanswered) return newest.result;
    if (running.length >= MOST_RUNS) running[0]?.abandon();
    const run = new FinishingRun();
    this.#running.set(finalKey, [...running, run]);
    run.result = this.#finish(file, state, size, options, run);
    try {
      return await run.result;
    } finally {
      const others = this.#running.get(finalKey)?.filter((each) => each !== run) ?? [];
      if (others.length > 0) this.#running.set(finalKey, others);
      else this.#running.delete(finalKey);
    }
  }

  async #finish(
    file: Place,
    state: S3State,
    size: number,
    options: FinishOptions,
    run: FinishingRun,
  ): Promise<FinishedState> {
    const { identity } = state;
    const finished = { identity, size };
    if (isFinished(state)) {
      if (!(await this.#isDone(file, finished))) throw ChunkedUploadError.bytesMissing();
    } else {
      if (committedBytes(state) !== size) throw ChunkedUploadError.bytesMissing();
      if (!state.parts) await run.asking(async () => this.#putWhole(file, state, finished));
      else await this.#completeParts(file, state, state.parts, finished, options, run);
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
    run: FinishingRun,
  ): Promise<void> {
    const { multipart } = this.shared;
    const place = { key: file.finalKey, uploadId: parts.uploadId };
    const isDirty = options.attempt > 1 || options.contested || state.dirty;
    const known = this.shared.known.take(parts);
    for (let tries = 1; ; tries += 1) {
      // What nobody else can have changed need not be asked for, unless that does not do.
      const isKnown = tries === 1 && known !== null && !isDirty;
      const stored = isKnown ? asStored(known, state.partSize) : await multipart.parts(place);
      try {
        if (!stored) await this.#findCompleted(file, finished, run);
        else {
          const isTold = await this.#complete(file, state, parts, stored, finished, options, run);
          // Where nobody has looked at the parts the object itself is the proof.
          if (isTold && !isKnown) return;
        }
      } catch (error) {
        // Somebody else may have done it meanwhile.
        if (await this.#isDone(file, finished)) return;
        if (run.isAbandoned || tries === TRIES || (isFinal(error) && !isKnown)) throw error;
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
    run: FinishingRun,
  ): Promise<boolean> {
    const committed = findCommitted(stored, parts, state.partSize);
    if (!committed) throw ChunkedUploadError.bytesMissing();
    const place = { key: file.finalKey, uploadId: parts.uploadId };
    const { attempt } = options;
    const { key } = file;
    const last = await makeLastParts(this.shared, { place, key, state, parts, stored, attempt });
    const wanted = [...committed, ...last];
    try {
      return await run.asking((signal) => this.shared.multipart.complete(place, wanted, signal));
    } catch (error) {
      if (!isPartsRefusal(error)) throw error;
      const { partSize } = state;
      await this.#joining.join(file, { place, partSize, wanted }, finished, run);
      return false;
    }
  }

  /** There is no such upload any more: it was completed, by a call whose answer was lost, or it is gone. */
  async #findCompleted(file: Place, finished: FinishedState, run: FinishingRun): Promise<void> {
    const found = await this.shared.bucket.head(file.finalKey);
    if (found && isOf(found, finished)) return;
    if (!found || !(await this.#joining.resume(file, found, finished, run))) {
      throw ChunkedUploadError.bytesMissing();
    }
  }

  /** Whether the finished object is there, and is this upload's: that there is one is no proof. */
  async #isDone({ finalKey }: Place, finished: FinishedState): Promise<boolean> {
    const found = await this.shared.bucket.head(finalKey);
    return found !== null && isOf(found, finished);
  }

  async #clean(file: Place, state: S3State, { attempt, contested }: FinishOptions): Promise<void> {
    // Of a file of no bytes each try has made a piece, and only the last one's is named.
    const isNothing = !isFinished(state) && committedBytes(state) === 0;
    const isDirty = attempt > 1 || contested || (!isFinished(state) && state.dirty);
    if (isDirty || isNothing) return removeLeftovers(this.shared, file);
    if (isFinished(state)) return;
    await this.shared.store.remove(file.key, [...state.pieces, ...state.dropped]);
  }

  #source(file: Place, state: UnfinishedState, from: number, length: number): PartSource {
    const slices = slicesOf(state.pieces, state.skip + from, length);
    return new PartSource(this.shared.store, file.key, slices, null, {});
  }
}

function asStored(known: readonly PartId[], size: number): StoredPart[] {
  return known.map((part) => ({ ...part, size, modifiedAt: new Date() }));
}

function isOf(found: StoredObject, { identity, size }: FinishedState): boolean {
  return found.identity === identity && found.size === size;
}

function isFinal(error: unknown): boolean {
  return isRefusal(error) || (error instanceof ChunkedUploadError && error.code !== 'unavailable');
}

function isMissing(error: unknown): boolean {
  return isNoObject(error) || hasCode(error, 'bytes_missing');
}

function ignore(): void {}
