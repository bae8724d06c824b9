import { constants } from 'node:fs';
import { type FileHandle, copyFile, open, unlink } from 'node:fs/promises';
import { ChunkedUploadError } from '../chunked-upload.errors.js';

const PIECE_BYTES = 1024 * 1024;

interface Prefix {
  readonly from: string;
  readonly to: string;
  /** Bytes. */
  readonly size: number;
  /** Whether it must survive a power cut before it is handed out. */
  readonly durable: boolean;
}

/**
 * A new file of the first bytes of another: in no time where the file system lets the two share
 * them, else copied piece by piece. Nothing is left of one that fails.
 * @throws ChunkedUploadError `bytes_missing` where there are fewer
 */
export async function copyPrefix({ from, to, size, durable }: Prefix): Promise<FileHandle> {
  const cloned = await clone(from, to);
  const flags = constants.O_RDWR | constants.O_CREAT | constants.O_NOFOLLOW;
  const handle = await open(to, cloned ? flags : flags | constants.O_TRUNC, 0o640);
  try {
    if (!cloned) await copyPieces(from, handle, size);
    if ((await handle.stat()).size < size) throw ChunkedUploadError.bytesMissing();
    await handle.truncate(size);
    if (durable) await handle.datasync();
    return handle;
  } catch (error) {
    await handle.close();
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

async function copyPieces(from: string, target: FileHandle, size: number): Promise<void> {
  const source = await open(from, constants.O_RDONLY | constants.O_NOFOLLOW);
  try {
    const piece = Buffer.allocUnsafe(Math.min(size, PIECE_BYTES));
    for (let position = 0; position < size;) {
      const wanted = Math.min(piece.length, size - position);
      const { bytesRead } = await source.read(piece, 0, wanted, position);
      if (bytesRead === 0) throw ChunkedUploadError.bytesMissing();
      for (let done = 0; done < bytesRead;) {
        const left = bytesRead - done;
        done += (await target.write(piece, done, left, position + done)).bytesWritten;
      }
      position += bytesRead;
    }
  } finally {
    await source.close();
  }
}
