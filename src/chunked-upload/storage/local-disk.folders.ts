import { constants } from 'node:fs';
import { type FileHandle, mkdir, open } from 'node:fs/promises';
import { dirname, resolve } from 'node:path';
import { FolderSyncs } from './folder-syncs.js';
import { isMissing } from './local-disk.missing.js';

const MOST_KNOWN = 1000;

/** The folders below a root: made when a file needs them, and durable once a file's name has to be. */
export class LocalDiskFolders {
  readonly #root: string;
  readonly #syncs = new FolderSyncs();
  /** Folders that have been there, with what makes the way to them from the root durable. */
  readonly #known = new Map<string, Promise<void>>();

  constructor(
    root: string,
    /** False: nothing is ever synced. */
    private readonly durable: boolean,
  ) {
    this.#root = resolve(root);
  }

  /** Opens a file for writing, one that is there as well as a new one. */
  async create(path: string): Promise<FileHandle> {
    const flags = constants.O_RDWR | constants.O_CREAT | constants.O_NOFOLLOW;
    const create = () => open(path, flags, 0o640);
    if (this.#known.has(dirname(path))) {
      try {
        return await create();
      } catch (error) {
        if (!isMissing(error)) throw error;
      }
    }
    await this.make(dirname(path));
    return create();
  }

  async make(folder: string): Promise<void> {
    const first = await mkdir(folder, { recursive: true });
    const isAbove = first !== undefined && first.length <= this.#root.length;
    this.#secure(folder, isAbove ? dirname(first) : this.#root).catch(() => undefined);
  }

  /** Makes the name of a file survive a power cut. */
  async syncName(path: string): Promise<void> {
    if (!this.durable) return;
    const folder = dirname(path);
    const way = this.#known.get(folder) ?? this.#secure(folder, this.#root);
    await Promise.all([way, this.#syncs.sync(folder)]);
  }

  // Also where another process has made them: nobody knows how far that one has come.
  #secure(folder: string, top: string): Promise<void> {
    const above: string[] = [];
    for (let at = folder; at !== top && at.startsWith(top);) above.push((at = dirname(at)));
    const secured = this.durable
      ? Promise.all(above.map((each) => this.#syncs.sync(each))).then(() => undefined)
      : Promise.resolve();
    if (this.#known.size >= MOST_KNOWN) this.#known.clear();
    this.#known.set(folder, secured);
    secured.catch(() => this.#known.delete(folder));
    return secured;
  }
}
