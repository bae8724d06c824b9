import { constants } from 'node:fs';
import { type FileHandle, access, mkdir, open, rename, stat, unlink } from 'node:fs/promises';
import { dirname, resolve } from 'node:path';
import type { Readable } from 'node:stream';
import { ChunkedUploadError } from '../chunked-upload.errors.js';
import { listFiles } from './local-disk.listing.js';
import { LocalDiskWriter } from './local-disk.writer.js';
import { resolveKey } from './storage-key.js';
import {
  type ByteRange,
  type OpenOptions,
  StorageProvider,
  type StorageState,
  type StorageWriter,
  type StoredBytes,
  type StoredFile,
} from './storage.provider.js';

export interface LocalDiskOptions {
  /** Folder that holds everything; created when missing. Relative to the working directory. */
  readonly root: string;
  /**
   * When bytes are forced to the disk: `true` (default) before an offset is acknowledged;
   * `'completion'` before a file is complete: after a power cut an unfinished upload may lack
   * acknowledged bytes, and is then refused as missing; `false` never: the operating system
   * decides, and a power cut may take bytes of complete files too. A crash of the process alone
   * loses nothing with any of them.
   */
  readonly fsync?: boolean | 'completion';
}

/** Keeps uploads as plain files below one folder, which several processes may share. */
export class LocalDiskStorage extends StorageProvider {
  readonly #root: string;
  readonly #fsync: boolean | 'completion';
  readonly #knownFolders = new Set<string>();

  constructor(options: LocalDiskOptions) {
    super();
    if (typeof options?.root !== 'string' || options.root === '') {
      throw new TypeError('LocalDiskStorage: the option "root" must be the path of a folder');
    }
    this.#root = options.root;
    this.#fsync = options.fsync ?? true;
  }

  async open(file: StoredFile, { offset }: OpenOptions): Promise<StorageWriter> {
    const path = resolveKey(this.#root, file.key);
    const sync = this.#fsync === true;
    if (offset > 0) {
      const handle = await open(path, constants.O_RDWR | constants.O_NOFOLLOW).catch(missing);
      const { size } = await handle.stat();
      if (size >= offset) return new LocalDiskWriter(handle, offset, sync);
      await handle.close();
      throw ChunkedUploadError.bytesMissing();
    }
    const handle = await this.#create(path);
    // The new name must survive a power cut as well; meanwhile the first bytes come in.
    return new LocalDiskWriter(handle, 0, sync, sync ? syncFolder(dirname(path)) : undefined);
  }

  async finish(file: StoredFile, size: number): Promise<StorageState | null> {
    const path = resolveKey(this.#root, file.key);
    const finalPath = resolveKey(this.#root, file.finalKey);
    const current = await sizeOf(path);
    if (current === null && path !== finalPath) {
      // Done before: by a request that failed, or died, after it had renamed the file.
      if ((await sizeOf(finalPath)) === size) return null;
    }
    if (current === null || current < size) throw ChunkedUploadError.bytesMissing();
    if (current > size || this.#fsync === 'completion') await this.#cut(path, size);
    if (path !== finalPath) {
      await rename(path, finalPath);
      if (this.#fsync) await syncFolder(dirname(finalPath));
    }
    return null;
  }

  async createReadStream(file: StoredFile, range?: ByteRange): Promise<Readable> {
    // Opened before it is returned, so that a missing file is an error and not a broken answer.
    const path = resolveKey(this.#root, file.finalKey);
    const handle = await open(path, constants.O_RDONLY | constants.O_NOFOLLOW).catch(missing);
    const stats = await handle.stat();
    if (!stats.isFile() || (range && stats.size <= range.end)) {
      await handle.close();
      throw ChunkedUploadError.bytesMissing();
    }
    return handle.createReadStream({ ...range, highWaterMark: 256 * 1024 });
  }

  async remove(file: StoredFile): Promise<void> {
    let found = false;
    // In this order a completion that renames in between leaves nothing behind either.
    for (const key of new Set([file.key, file.finalKey])) {
      try {
        await unlink(resolveKey(this.#root, key));
        found = true;
      } catch (error) {
        if (!isMissing(error)) throw error;
      }
    }
    // That nothing is there means nothing where not even the root is, such as a disk not mounted.
    if (!found) await access(this.#root);
  }

  async holds(file: StoredFile, size: number): Promise<boolean> {
    // In this order one that is completed in between is not missed.
    for (const key of [file.key, file.finalKey]) {
      const stored = await sizeOf(resolveKey(this.#root, key));
      if (stored !== null && stored >= size) return true;
    }
    return false;
  }

  list(folder: string): AsyncGenerator<StoredBytes> {
    return listFiles(this.#root, folder);
  }

  override async check(): Promise<void> {
    const root = resolve(this.#root);
    try {
      await mkdir(root, { recursive: true });
      await access(root, constants.W_OK | constants.X_OK);
    } catch (error) {
      const reason = error instanceof Error ? error.message : String(error);
      const cure = 'Let the user of this process write there, or choose another "root".';
      throw new Error(`The folder ${root} cannot be written (${reason}). ${cure}`, {
        cause: error,
      });
    }
  }

  async #cut(path: string, size: number): Promise<void> {
    const handle = await open(path, constants.O_RDWR);
    try {
      await handle.truncate(size);
      if (this.#fsync) await handle.sync();
    } finally {
      await handle.close();
    }
  }

  async #create(path: string): Promise<FileHandle> {
    const folder = dirname(path);
    const flags = constants.O_RDWR | constants.O_CREAT | constants.O_NOFOLLOW;
    const create = () => open(path, flags, 0o640);
    if (this.#knownFolders.has(folder)) {
      try {
        return await create();
      } catch (error) {
        if (!isMissing(error)) throw error;
      }
    }
    const first = await mkdir(folder, { recursive: true });
    if (first !== undefined && this.#fsync) {
      for (let made = folder; made.length >= first.length; made = dirname(made)) {
        await syncFolder(dirname(made));
      }
    }
    this.#knownFolders.add(folder);
    return create();
  }
}

/** Null: there is no such file. */
async function sizeOf(path: string): Promise<number | null> {
  try {
    return (await stat(path)).size;
  } catch (error) {
    if (isMissing(error)) return null;
    throw error;
  }
}

async function syncFolder(path: string): Promise<void> {
  const handle = await open(path, constants.O_RDONLY);
  try {
    await handle.sync();
  } finally {
    await handle.close();
  }
}

function isMissing(error: unknown): boolean {
  const code = (error as NodeJS.ErrnoException).code;
  // A link in place of a file is not ours, wherever it leads.
  return code === 'ENOENT' || code === 'ENOTDIR' || code === 'ELOOP';
}

function missing(error: unknown): never {
  throw isMissing(error) ? ChunkedUploadError.bytesMissing(error) : error;
}
