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
  /** What they were copied from, and nobody will ask for any more; null: nothing is left. */
  readonly outdated: string | null;
  readonly #state: WriterState | null;

  constructor(
    private readonly root: string,
    private readonly file: StoredFile,
  ) {
    this.key = resolveKey(root, file.key);
    this.final = resolveKey(root, file.finalKey);
    this.writers = resolveKey(root, file.key + WRITERS);
    this.#state = writerState(file.storageState);
    this.current = this.ofWriter(this.#state?.writer ?? null);
    const before = this.#state?.before;
    const outdated = before === undefined ? null : this.ofWriter(before);
    // Whoever removes it late must not meet the finished file.
    this.outdated = outdated === this.final ? null : outdated;
  }

  /** Null: whoever wrote first. */
  ofWriter(token: string | null): string {
    if (token === null) return this.key;
    return resolveKey(this.root, `${this.file.key}${WRITERS}/${token}`);
  }

  /** Whether the committed bytes are in a writer's own file. */
  get isWriters(): boolean {
    return this.#state !== null;
  }

  /** To be committed with the bytes of a writer, with a file of its own if that begins one. */
  stateOf(token: string | null): StorageState | null {
    const writer = this.#state?.writer ?? null;
    if (token !== null) return { writer: token, before: writer };
    return writer === null ? null : { writer };
  }
}

/** What tells which file counts. */
interface WriterState {
  readonly writer: string;
  /** The writer whose file it was copied from, until that has been removed. */
  readonly before?: string | null;
}

function writerState(state: StorageState | null): WriterState | null {
  return typeof state?.['writer'] === 'string' ? (state as unknown as WriterState) : null;
}

/** The key that files in this folder are of; null: the folder is none of writers' own files. */
export function keyOfWriters(folder: string): string | null {
  return folder.endsWith(WRITERS) ? folder.slice(0, -WRITERS.length) : null;
}
