import { dirname } from 'node:path';
import { resolveKey } from './storage-key.js';
import type { StorageState, StoredFile } from './storage.provider.js';

/** Ends the name of the folder with the files of writers that had to begin a file of their own. */
const WRITERS = '.writers';

/**
 * Where the bytes of one upload are. While they arrive that is `<key>`, or, from the first writer on
 * that another one might still write beside, `<key>.writers/<its token>`. Which one counts stands in
 * the state, so it changes with the commit and with nothing else: whoever wakes late can neither
 * write into the file of the others nor put its own in that place.
 */
export class LocalDiskPaths {
  readonly key: string;
  readonly final: string;
  /** Folder of the writers' own files. */
  readonly writers: string;
  /** Where the committed bytes are, unless the upload is finished. */
  readonly current: string;

  constructor(
    private readonly root: string,
    private readonly file: StoredFile,
  ) {
    this.key = resolveKey(root, file.key);
    this.final = resolveKey(root, file.finalKey);
    this.writers = resolveKey(root, file.key + WRITERS);
    const writer = file.storageState?.['writer'];
    this.current = typeof writer === 'string' ? this.ofWriter(writer) : this.key;
  }

  ofWriter(token: string): string {
    return resolveKey(this.root, `${this.file.key}${WRITERS}/${token}`);
  }

  /** Whether a writer's own file is known to count: other files may then be left of it. */
  get isWriters(): boolean {
    return dirname(this.current) === this.writers;
  }
}

/** To be committed with the bytes of a writer that has a file of its own. */
export function stateOfWriter(token: string): StorageState {
  return { writer: token };
}

/** The key that files in this folder are of; null: the folder is none of writers' own files. */
export function keyOfWriters(folder: string): string | null {
  return folder.endsWith(WRITERS) ? folder.slice(0, -WRITERS.length) : null;
}
