import { ChunkedUploadError, hasCode } from '../chunked-upload.errors.js';
import type { Checksum, ReadBack } from '../checksum/checksum.js';
import type { RunningChecksum } from '../checksum/running-checksum.js';
import type { StorageState, StorageWriter } from '../storage/storage.provider.js';
import { storageFailure } from '../storage/storage-failure.js';
import { Checkpoints } from './checkpoints.js';
import type { ChunkBody } from './chunk-body.js';
import type { FirstBytes } from './first-bytes.js';
import { type Writer, WriterEnded } from './writer.js';

/** A digest of this chunk alone, checked at its end (RFC 9530, RFC 1864). */
export interface ChunkDigest {
  readonly header: string;
  update(bytes: Uint8Array): void;
  matches(): boolean;
}

/** What is durably in the storage now and may be committed. */
export interface Stored {
  readonly offset: number;
  /** At `offset`, or a little before it. */
  readonly checksumState: Buffer | null;
  readonly storageState: StorageState | null;
}

export interface ReceptionInput {
  readonly body: ChunkBody;
  readonly writer: Writer;
  readonly checksum: Checksum | null;
  readonly checksumState: Uint8Array | null;
  /** Null where the storage cannot read what is unfinished. */
  readonly readBack: ReadBack | null;
  readonly offset: number;
  /** Bytes that were announced; null where nothing was. */
  readonly length: number | null;
  readonly digests: readonly ChunkDigest[];
  /** Null where nobody asks what they are, or where that has been answered. */
  readonly firstBytes: FirstBytes | null;
  readonly fieldName: string;
  /** Whether no byte at all is a proper body. */
  readonly mayBeEmpty: boolean;
  /**
   * Null for a body that is refused as a whole when it breaks: nothing of it is committed on the
   * way, nor what had come of it.
   */
  readonly checkpoint: Checkpoint | null;
}

/** How a chunk is committed on its way. */
export interface Checkpoint {
  /** Whether that can be done yet. */
  isPossible(): boolean;
  commit(stored: Stored): Promise<unknown>;
}

export interface Reception extends Stored {
  /** Why it is less than the whole chunk; to be thrown after the commit. */
  readonly failure: Error | null;
}

/** A file that came whole. Not durable yet. */
export interface WholeFile {
  readonly size: number;
  /** In hex; null where the type has no checksum. */
  readonly sum: string | null;
}

/**
 * Moves one body into the storage and through the checksum, and has `commit` commit it. Throws where
 * nothing more is to be committed.
 */
export async function receive<R>(
  input: ReceptionInput,
  target: StorageWriter,
  commit: (received: Reception) => Promise<R>,
): Promise<R> {
  const running = await resume(input);
  let kept: { offset: number; state: Buffer | null } | null = null;
  try {
    const chunk = new Chunk(input, target, running);
    const failure = await chunk.take();
    const stored = await chunk.store();
    const result = await commit({ ...stored, failure });
    // Not before: another writer may commit other bytes at the same offset, with the same state.
    kept = { offset: stored.offset, state: stored.checksumState };
    return result;
  } finally {
    running?.close(kept);
  }
}

/** The same of a whole file, which is refused as a whole as well. */
export async function receiveWhole(
  input: ReceptionInput & { readonly offset: 0; readonly checkpoint: null },
  target: StorageWriter,
): Promise<WholeFile> {
  const running = await resume(input);
  try {
    const chunk = new Chunk(input, target, running);
    await chunk.take();
    return { size: chunk.received, sum: (await running?.digest()) ?? null };
  } finally {
    running?.close(null);
  }
}

async function resume(input: ReceptionInput): Promise<RunningChecksum | null> {
  const { writer, checksum, checksumState: state, offset, readBack } = input;
  return (await checksum?.resume({ id: writer.uploadId, state, offset }, readBack)) ?? null;
}

/** One chunk on its way. */
class Chunk {
  #received = 0;
  readonly #checkpoints = new Checkpoints();

  constructor(
    private readonly input: ReceptionInput,
    private readonly target: StorageWriter,
    private readonly running: RunningChecksum | null,
  ) {}

  /** Bytes that have been taken. */
  get received(): number {
    return this.#received;
  }

  /** Takes all that comes. Returns why that is not all; throws where none of it is to be kept. */
  async take(): Promise<Error | null> {
    const { input } = this;
    for (;;) {
      let batch: Uint8Array[] | null;
      try {
        batch = await input.body.read(input.checkpoint ? this.#checkpoints.dueIn : undefined);
      } catch (error) {
        // Here alone it is the sender, or who ended it, that failed.
        return this.#brokenBy(error);
      }
      if (batch === null) break;
      try {
        if (batch.length > 0) await this.#keep(batch);
      } catch (error) {
        return this.#failedBy(error);
      }
      if (this.#checkpoints.isDue) await this.#checkpoint();
    }
    verify(input, this.#received);
    return null;
  }

  /** Makes what has been taken durable. */
  async store(): Promise<Stored> {
    const { input, running } = this;
    const [storageState] = await Promise.all([
      this.target.sync().catch(storageFailure),
      // Where nothing can be read back there must be a state at the end of whatever is stored.
      input.readBack ? undefined : running?.caughtUp(),
    ]);
    const offset = input.offset + this.#received;
    return { offset, storageState, checksumState: running?.state(offset) ?? null };
  }

  async #keep(batch: readonly Uint8Array[]): Promise<void> {
    const { input, target } = this;
    await input.firstBytes?.take(batch);
    input.writer.assertLeased();
    input.writer.hasWritten = true;
    // Where nothing can be read back it must not be ahead of what is stored: its state would be, too.
    const hashed = input.readBack ? this.running?.update(batch) : undefined;
    // It may fail while the storage still writes, and nobody waits for it yet.
    hashed?.catch(() => undefined);
    try {
      await target.write(batch).catch(storageFailure);
    } catch (error) {
      // That is the failure to tell of; but the checksum takes one batch at a time.
      await hashed?.catch(() => undefined);
      throw error;
    }
    await (hashed ?? this.running?.update(batch));
    let size = 0;
    for (const bytes of batch) {
      size += bytes.length;
      for (const digest of input.digests) digest.update(bytes);
    }
    this.#received += size;
    this.#checkpoints.stored(size);
  }

  async #checkpoint(): Promise<void> {
    const { checkpoint, writer } = this.input;
    if (!checkpoint) return this.#checkpoints.passed();
    if (!checkpoint.isPossible()) return this.#checkpoints.postponed();
    const stored = await this.store();
    try {
      await checkpoint.commit(stored);
      this.target.committed?.();
      this.#checkpoints.passed();
    } catch (error) {
      // It is for a crash alone: a chunk whose lease holds goes on while the database is away. But
      // of an upload whose first row may or may not be there nothing more can be said.
      if (!hasCode(error, 'unavailable') || (writer.isUnsettled && !writer.isKnown))
        throw answerOf(error);
      this.#checkpoints.postponed();
    }
  }

  /** For a body that ended early, or was ended: what to throw after the commit. */
  #brokenBy(error: unknown): Error {
    const ended = error instanceof WriterEnded;
    if (error instanceof ChunkedUploadError || (ended && !error.keep)) throw answerOf(error);
    const failure = ended ? error.answer : ChunkedUploadError.interrupted(error);
    if (!this.#isKept) throw failure;
    return failure;
  }

  /** For bytes that could not be kept: where there is no more room, those before them are. */
  #failedBy(error: unknown): Error {
    const hasNoRoom = hasCode(error, 'storage_full', 'exceeds_storage');
    if (hasNoRoom && this.#isKept) return error;
    throw answerOf(error);
  }

  get #isKept(): boolean {
    return this.#received > 0 && this.input.checkpoint !== null;
  }
}

function answerOf(error: unknown): unknown {
  return error instanceof WriterEnded ? error.answer : error;
}

function verify(input: ReceptionInput, received: number): void {
  if (received === 0 && !input.mayBeEmpty) throw ChunkedUploadError.emptyChunk(input.fieldName);
  if (input.length !== null && received !== input.length) {
    throw ChunkedUploadError.sizeMismatch(received, input.length);
  }
  for (const digest of input.digests) {
    if (!digest.matches()) throw ChunkedUploadError.digestMismatch(digest.header);
  }
}
