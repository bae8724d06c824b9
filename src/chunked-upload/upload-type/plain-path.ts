/** Whether a router takes it as it stands: without parameters, wildcards, blanks and the like. */
export function isPlainPath(path: string): boolean {
  return /^[\w.~@/-]*\w[\w.~@/-]*$/.test(path);
}

/** A path as it is compared and shown: without slashes at its ends. */
export function plainPath(path: string): string {
  return path.replace(/^\/+|\/+$/g, '');
}
