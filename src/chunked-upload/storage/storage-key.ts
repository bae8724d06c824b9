import { isAbsolute, resolve, sep } from 'node:path';

/**
 * The only way from a key to a path: whatever a key holds, the path lies below `root`.
 * @throws TypeError for a key that would leave it.
 */
export function resolveKey(root: string, key: string): string {
  const outside = key === '' || key.includes('\0') || isAbsolute(key);
  const base = resolve(root);
  const path = outside ? base : resolve(base, key);
  if (!path.startsWith(base.endsWith(sep) ? base : base + sep)) {
    throw new TypeError(`The storage key ${JSON.stringify(key)} leads outside the root`);
  }
  return path;
}

/** Extension of a client's file name with its dot, fit for a path: `.tar`, `.jpg` or nothing. */
export function safeExtension(clientName: string): string {
  return /[^.](\.[A-Za-z0-9]{1,16})$/.exec(clientName)?.[1]?.toLowerCase() ?? '';
}
