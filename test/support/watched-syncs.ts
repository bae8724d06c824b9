import { readlinkSync } from 'node:fs';
import { type FileHandle, open } from 'node:fs/promises';

type Sync = (this: FileHandle) => Promise<void>;

/**
 * While `work` runs, `watch` is called with the path of whatever is to be synced, file or folder:
 * it waits to delay the sync, throws to fail it, and may return what to do after it.
 */
export async function withWatchedSyncs(
  watch: (path: string) => void | (() => void) | Promise<void>,
  work: () => Promise<void>,
): Promise<void> {
  const handle = await open(new URL(import.meta.url));
  const prototype = Object.getPrototypeOf(handle) as Record<'sync' | 'datasync', Sync>;
  await handle.close();
  const original = { ...pick(prototype) };
  for (const name of ['sync', 'datasync'] as const) {
    prototype[name] = async function watched() {
      const after = await watch(readlinkSync(`/proc/self/fd/${this.fd}`));
      await original[name].call(this);
      after?.();
    };
  }
  try {
    await work();
  } finally {
    Object.assign(prototype, original);
  }
}

function pick({ sync, datasync }: Record<'sync' | 'datasync', Sync>) {
  return { sync, datasync };
}
