import { constants } from 'node:fs';
import {
  type FileHandle,
  access,
  open,
  readdir,
  rename,
  rm,
  stat,
  unlink,
  statfs,
} from 'node:fs/promises';
import { dirname, join } from 'node:path';
import type { Readable } from 'node:stream';
import { ChunkedUploadError } from '../chunked-upload.errors.js';
import { CopyTurns } from './copy-turns.js';
import { folderSyncRefusal } from './folder-syncs.js';
import { LocalDiskFolders } from './local-disk.folders.js';
import { closedOnFailure } from './local-disk.handle.js';
import { listFiles } from './local-disk.listing.js';
import { isMissing, missing, unlessMissing } from './local-disk.missing.js';
import { LocalDiskPaths } from './local-disk.paths.js';
import { copyPrefix } from './local-disk.prefix.js';
import { openToRead, read } from './local-disk.reader.js';
import { LocalDiskRoot } from './local-disk.root.js';
import { LocalDiskWriter } from './local-disk.writer.js';
import {
  type ByteRange,
  type FinishOptions,
  type OpenOptions,
  type ReadOptions,
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

/**
 * Keeps uploads as plain files below one folder, which several processes may share.
 *
 * A writer beside which another might still write begins a file of its own with a copy of the
 * committed bytes, since nothing keeps that other one from writing into the old file. The old one
 * goes when the next writer comes; what a writer leaves that dies before its commit goes when the
 * upload is finished or removed. Until then the disk has to have room for it.
 */
export class LocalDiskStorage extends StorageProvider {
  readonly #root: string;
  readonly #fsync: boolean | 'completion';
  readonly #place: LocalDiskRoot;
  readonly #folders: LocalDiskFolders;
  readonly #copies = new CopyTurns();

  constructor(options: LocalDiskOptions) {
    super();
    if (typeof options?.root !== 'string' || options.root === '') {
      const sentence = 'must be the path of a folder, such as "media"';
      throw new TypeError(`LocalDiskStorage: the option "root" ${sentence}`);
    }
    const { root, fsync = true } = options;
    if (typeof fsync !== 'boolean' && fsync !== 'completion') {
      const sentence = 'must be true, "completion" or false';
      throw new TypeError(`LocalDiskStorage: the option "fsync" ${sentence}`);
    }
    this.#root = root;
    this.#fsync = fsync;
    this.#place = new LocalDiskRoot(root);
    this.#folders = new LocalDiskFolders(this.#root, this.#fsync !== false);
  }

  async open(file: StoredFile, options: OpenOptions): Promise<StorageWriter> {
    const { offset, token, attempt, contested, signal } = options;
    const paths = new LocalDiskPaths(this.#root, file);
    const path = contested ? paths.ofWriter(token) : paths.current;
    const handle = contested
      ? await this.#copy(paths.current, path, offset, signal)
      : await this.#open(path, offset);
    const isNew = offset === 0 || contested;
    // By its name, of which there is only one ever: whoever does this late does no harm.
    if (paths.outdated) await unlink(paths.outdated).catch(() => undefined);
    return new LocalDiskWriter({
      handle,
      offset,
      state: paths.stateOf(contested ? token : null),
      durable: this.#fsync === true,
      syncName: isNew ? () => this.#folders.syncName(path) : null,
      // Later on there is a record, and with it goes the right to commit.
      mayVanish: offset === 0,
      finish: async (size) => {
        if (attempt > 1) await handle.truncate(size);
        await rename(path, paths.final).catch(missing);
        // One after the other they would cost the disk two rounds.
        const syncs = [() => handle.datasync(), () => this.#folders.syncName(paths.final)];
        if (this.#fsync) await Promise.all(syncs.map((sync) => sync()));
        return finished(paths, size, options);
      },
      discard: contested ? () => unlink(path) : null,
    });
  }

  async finish(
    file: StoredFile,
    size: number,
    options: FinishOptions,
  ): Promise<StorageState | null> {
    const paths = new LocalDiskPaths(this.#root, file);
    const { current, final } = paths;
    let path = current;
    let stored = await sizeOf(path);
    if (stored === null && current !== final) {
      // Done before: by a request that failed, or died, after it had renamed the file.
      path = final;
      stored = await sizeOf(path);
    }
    if (stored === null || stored < size) throw ChunkedUploadError.bytesMissing();
    if (stored > size || this.#fsync === 'completion') await this.#cut(path, size);
    if (path !== final) await rename(path, final);
    if (current !== final || this.#fsync === 'completion') await this.#folders.syncName(final);
    return finished(paths, size, options);
  }

  async createReadStream(
    file: StoredFile,
    range?: ByteRange,
    options?: ReadOptions,
  ): Promise<Readable> {
    const { final } = new LocalDiskPaths(this.#root, file);
    const size = sizeInState(file.storageState);
    const all = size === null ? undefined : { start: 0, end: size - 1 };
    return read(await openToRead(final).catch(missing), range ?? all, options);
  }

  override async readUnfinished(
    file: StoredFile,
    range: ByteRange,
    options?: ReadOptions,
  ): Promise<Readable> {
    const { current, final } = new LocalDiskPaths(this.#root, file);
    const handle = await openToRead(current).catch(unlessMissing);
    return read(handle ?? (await openToRead(final).catch(missing)), range, options);
  }

  async remove(file: StoredFile): Promise<void> {
    const { key, writers, final } = new LocalDiskPaths(this.#root, file);
    // In this order a completion that renames in between leaves nothing behind either.
    const steps = [() => unlink(key), () => rm(writers, { recursive: true }), () => unlink(final)];
    let found = false;
    for (const step of key === final ? steps.slice(0, 2) : steps) {
      try {
        await step();
        found = true;
      } catch (error) {
        if (!isMissing(error)) throw error;
      }
    }
    // That nothing is there means nothing where not even the root is, such as a disk not mounted.
    if (!found) await access(this.#root);
  }

  override async removeLeftovers(file: StoredFile): Promise<void> {
    const { key, writers, final } = new LocalDiskPaths(this.#root, file);
    if (key !== final) await unlink(key).catch(unlessMissing);
    await rm(writers, { recursive: true, force: true });
  }

  async holds(file: StoredFile, size: number): Promise<boolean> {
    const { current, final, writers, isWriters } = new LocalDiskPaths(this.#root, file);
    const enough = async (path: string) => ((await sizeOf(path)) ?? -1) >= size;
    if ((await enough(current)) || (await enough(final))) return true;
    // Who asks without the state may mean the file of any writer.
    const others = isWriters ? null : await readdir(writers).catch(unlessMissing);
    for (const name of others ?? []) if (await enough(join(writers, name))) return true;
    // One that was completed in between is not missed.
    return enough(final);
  }

  list(folder: string): AsyncGenerator<StoredBytes> {
    return listFiles(this.#root, folder);
  }

  override async check(): Promise<string | null> {
    const root = await this.#place.findWritable();
    const refusal = this.#fsync ? await folderSyncRefusal(root) : null;
    if (refusal === null) return null;
    const loss = 'A power cut may take files that have just been made or completed there';
    return `The file system of the folder ${root} cannot sync folders (${refusal}). ${loss}.`;
  }

  /** What this process may still write to the file system of its folder. */
  override async freeBytes(): Promise<number> {
    const { bavail, bsize } = await statfs(await this.#place.find());
    return bavail * bsize;
  }

  async #open(path: string, offset: number): Promise<FileHandle> {
    if (offset === 0) return this.#folders.create(path);
    const handle = await open(path, constants.O_RDWR | constants.O_NOFOLLOW).catch(missing);
    return closedOnFailure(handle, async () => {
      if ((await handle.stat()).size < offset) throw ChunkedUploadError.bytesMissing();
      return handle;
    });
  }

  async #copy(
    from: string,
    to: string,
    size: number,
    signal: AbortSignal | undefined,
  ): Promise<FileHandle> {
    if (size === 0) return this.#folders.create(to);
    await this.#folders.make(dirname(to));
    const how = { durable: this.#fsync === true, turns: this.#copies, signal };
    return copyPrefix({ from, to, size, ...how }).catch(missing);
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
}

/** What is to be done, and committed, once the finished file has its name. */
async function finished(
  { key, final, writers, isWriters }: LocalDiskPaths,
  size: number,
  { attempt, contested }: FinishOptions,
): Promise<StorageState | null> {
  if (isWriters || attempt > 1) {
    // What cannot be removed goes with the upload.
    if (key !== final) await unlink(key).catch(() => undefined);
    await rm(writers, { recursive: true, force: true }).catch(() => undefined);
  }
  // Who still writes makes the file longer: it is read no further than this.
  return contested ? { size } : null;
}

function sizeInState(state: StorageState | null): number | null {
  const size = state?.['size'];
  return typeof size === 'number' ? size : null;
}

/** Null: there is no such file. */
async function sizeOf(path: string): Promise<number | null> {
  return (await stat(path).catch(unlessMissing))?.size ?? null;
}
