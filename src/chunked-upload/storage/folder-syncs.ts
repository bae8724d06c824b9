import { constants } from 'node:fs';
import { type FileHandle, open } from 'node:fs/promises';

const MOST_FOLDERS = 32;
// Renewed so often, in milliseconds, a handle cannot for long be that of a folder that has been
// replaced, nor keep a file system from being unmounted.
const HANDLE_LIFETIME_MS = 1000;

// What Windows, CIFS and several FUSE file systems answer: there a folder cannot be synced at all.
const REFUSALS = new Set(['EINVAL', 'EPERM', 'ENOTSUP', 'EOPNOTSUPP', 'ENOSYS', 'EISDIR', 'EBADF']);

/**
 * Makes the names in folders survive a power cut, where the file system can do that. The handles of
 * the folders that are in use are kept for a second, and who asks while a sync runs shares the next.
 */
export class FolderSyncs {
  readonly #folders = new Map<string, SyncedFolder>();

  /** Covers every name that was there when it was called. */
  sync(path: string): Promise<void> {
    const known = this.#folders.get(path);
    if (known) return known.sync();
    const folder = new SyncedFolder(path);
    this.#folders.set(path, folder);
    const oldest = this.#folders.keys().next();
    if (this.#folders.size > MOST_FOLDERS && !oldest.done) this.#drop(oldest.value);
    setTimeout(() => {
      if (this.#folders.get(path) === folder) this.#drop(path);
    }, HANDLE_LIFETIME_MS).unref();
    return folder.sync();
  }

  #drop(path: string): void {
    const folder = this.#folders.get(path);
    this.#folders.delete(path);
    folder?.closeWhenDone();
  }
}

class SyncedFolder {
  #handle: FileHandle | null = null;
  #next: Promise<void> | null = null;
  #last: Promise<void> = Promise.resolve();

  constructor(private readonly path: string) {}

  sync(): Promise<void> {
    if (this.#next) return this.#next;
    // The one that runs may have begun before the name was there.
    const next = this.#last.then(() => {
      this.#next = null;
      return this.#sync();
    });
    this.#next = next;
    this.#last = next.catch(() => undefined);
    return next;
  }

  /** To be called when `sync` will not be called any more. */
  closeWhenDone(): void {
    void this.#last.then(() => this.#handle?.close()).catch(() => undefined);
  }

  async #sync(): Promise<void> {
    try {
      this.#handle ??= await open(this.path, constants.O_RDONLY);
      await this.#handle.sync();
    } catch (error) {
      if (!isRefusal(error)) throw error;
    }
  }
}

/** Why the names in a folder cannot be synced, such as `EINVAL`; null: they can. */
export async function folderSyncRefusal(path: string): Promise<string | null> {
  let handle: FileHandle | null = null;
  try {
    handle = await open(path, constants.O_RDONLY);
    await handle.sync();
    return null;
  } catch (error) {
    if (isRefusal(error)) return (error as NodeJS.ErrnoException).code ?? null;
    throw error;
  } finally {
    await handle?.close();
  }
}

function isRefusal(error: unknown): boolean {
  const code = (error as NodeJS.ErrnoException).code ?? '';
  return REFUSALS.has(code) || (code === 'EACCES' && process.platform === 'win32');
}
