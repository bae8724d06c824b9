/** A path as it is compared and shown: without slashes at its ends. */
export function plainPath(path: string): string {
  return path.replace(/^\/+|\/+$/g, '');
}
