import { constants } from 'node:fs';
import { type FileHandle, copyFile, open, unlink } from 'node:fs/promises';
import { ChunkedUploadError } from '../chunked-upload.errors.js';
import type { CopyTurns } from './copy-turns.js';

const PIECE_BYTES = 1024 * 1024;

interface Prefix {
  readonly from: string;
  readonly to: string;
  /** Bytes. */
  readonly size: number;
  /** Whether it must survive a power cut before it is handed out. */
  readonly durable: boolean;
  /** Of all copies to this disk. */
  readonly turns: CopyTurns;
  /** Aborted when nobody waits for it any more. */
  readonly signal: AbortSignal | undefined;
}

/**
 * A new file of the first bytes of another: in no time where the file system lets the two share
 * them, else copied piece by piece. Nothing is left of one that fails.
 * @throws ChunkedUploadError `bytes_missing` where there are fewer
 */
export async function copyPrefix(prefix: Prefix): Promise<FileHandle> {
  const { from, to, size, durable } = prefix;
  const cloned = await clone(from, to);
  const flags = constants.O_RDWR | constants.O_CREAT | constants.O_NOFOLLOW;
  let handle: FileHandle | null = null;
  try {
    handle = await open(to, cloned ? flags : flags | constants.O_TRUNC, 0o640);
    if (!cloned) await copyPieces(prefix, handle);
    if ((await handle.stat()).size < size) throw ChunkedUploadError.bytesMissing();
    await handle.truncate(size);
    if (durable) await handle.datasync();
    return handle;
  } catch (error) {
    await handle?.close().catch(() => undefined);
    await unlink(to).catch(() => undefined);
    throw error;
  }
}

async function clone(from: string, to: string): Promise<boolean> {
  const { COPYFILE_EXCL, COPYFILE_FICLONE_FORCE } = constants;
  return copyFile(from, to, COPYFILE_EXCL | COPYFILE_FICLONE_FORCE).then(
    () => true,
    () => false,
  );
}

async function copyPieces(prefix: Prefix, target: FileHandle): Promise<void> {
  const { from, size, turns, signal } = prefix;
  const source = await open(from, constants.O_RDONLY | constants.O_NOFOLLOW);
  try {
    for (let position = 0; position < size;) {
      const start = position;
      const left = size - start;
      position += await turns.take(left, signal, () => copyPiece(source, target, start, left));
    }
  } finally {
    await source.close();
  }
}

/** Returns how many bytes it has copied. */
async function copyPiece(
  source: FileHandle,
  target: FileHandle,
  position: number,
  left: number,
): Promise<number> {
  // Of its own: while a copy waits for its turn it keeps no memory.
  const piece = Buffer.allocUnsafe(Math.min(left, PIECE_BYTES));
  const { bytesRead } = await source.read(piece, 0, piece.length, position);
  if (bytesRead === 0) throw ChunkedUploadError.bytesMissing();
  for (let done = 0; done < bytesRead;) {
    done += (await target.write(piece, done, bytesRead - done, position + done)).bytesWritten;
  }
  return bytesRead;
}
