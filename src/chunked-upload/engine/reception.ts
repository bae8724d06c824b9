import { ChunkedUploadError } from '../chunked-upload.errors.js';
import type { Checksum } from '../checksum/checksum.js';
import type { RunningChecksum } from '../checksum/running-checksum.js';
import type { StorageState, StorageWriter } from '../storage/storage.provider.js';
import { storageFailure } from '../storage/storage-failure.js';
import type { ChunkBody } from './chunk-body.js';
import type { FirstBytes } from './first-bytes.js';
import { type Writer, WriterEnded } from './writer.js';

/** A digest of this chunk alone, checked at its end (RFC 9530, RFC 1864). */
export interface ChunkDigest {
  readonly header: string;
  update(bytes: Uint8Array): void;
  matches(): boolean;
}

export interface ReceptionInput {
  readonly body: ChunkBody;
  readonly writer: Writer;
  readonly checksum: Checksum | null;
  readonly checksumState: Uint8Array | null;
  readonly offset: number;
  /** Bytes that were announced; null where nothing was. */
  readonly length: number | null;
  readonly digests: readonly ChunkDigest[];
  /** Null where nobody asks what they are, or where that has been answered. */
  readonly firstBytes: FirstBytes | null;
  readonly fieldName: string;
  /** Whether no byte at all is a proper body. */
  readonly mayBeEmpty: boolean;
  /** False: a body that breaks leaves nothing. */
  readonly keepBroken: boolean;
}

/** What is durably in the storage now and may be committed. */
export interface Reception {
  readonly offset: number;
  readonly checksumState: Buffer | null;
  readonly storageState: StorageState | null;
  /** Why it is less than the whole chunk; to be thrown after the commit. */
  readonly failure: Error | null;
}

/**
 * Moves one body into the storage and through the checksum. A batch is hashed while it is written;
 * the state that is committed is that of the bytes whose write succeeded. Throws where nothing is
 * to be committed.
 */
export async function receive(input: ReceptionInput, target: StorageWriter): Promise<Reception> {
  const { body, checksum, offset } = input;
  const running = await checksum?.resume(input.checksumState, offset);
  let received = 0;
  let failure: Error | null = null;
  try {
    try {
      for (let batch = await body.read(); batch; batch = await body.read()) {
        await input.firstBytes?.take(batch);
        input.writer.assertLeased();
        await writeAndHash(batch, target, running);
        for (const bytes of batch) {
          received += bytes.length;
          for (const digest of input.digests) digest.update(bytes);
        }
      }
      verify(input, received);
    } catch (error) {
      if (error === input.firstBytes?.refusal) throw error;
      failure = keptFailure(error, input, received);
    }
    // The last bytes are hashed while they are synced.
    const state = running && checksum?.save(running, offset + received);
    state?.catch(() => undefined);
    const storageState = await target.sync().catch(storageFailure);
    return {
      offset: offset + received,
      storageState,
      checksumState: (await state) ?? null,
      failure,
    };
  } finally {
    running?.close();
  }
}

async function writeAndHash(
  batch: readonly Uint8Array[],
  target: StorageWriter,
  running: RunningChecksum | undefined,
): Promise<void> {
  const written = target.write(batch).catch(storageFailure);
  const hashed = running?.update(batch);
  hashed?.catch(() => undefined);
  try {
    await written;
  } catch (error) {
    await hashed?.catch(() => undefined);
    running?.undo();
    throw error;
  }
  await hashed;
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

/** The failure to throw after what had arrived has been committed; throws where none of it is. */
function keptFailure(error: unknown, input: ReceptionInput, received: number): Error {
  const answer = error instanceof WriterEnded ? error.answer : error;
  const refused = answer instanceof ChunkedUploadError && answer === error;
  const full = refused && answer.code === 'storage_full';
  const discarded =
    (refused && !full) || (error instanceof WriterEnded && !error.keep) || input.digests.length > 0;
  const failure =
    answer instanceof ChunkedUploadError ? answer : ChunkedUploadError.interrupted(error);
  if (discarded || received === 0 || !input.keepBroken) throw failure;
  return failure;
}
