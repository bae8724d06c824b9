import { readdir, readlink } from 'node:fs/promises';

/** The files below `root` that this process has open, on Linux. */
export async function openFiles(root: string): Promise<string[]> {
  const descriptors = await readdir('/proc/self/fd');
  const paths = await Promise.all(
    descriptors.map((fd) => readlink(`/proc/self/fd/${fd}`).catch(() => '')),
  );
  return paths.filter((path) => path.startsWith(root));
}
