/**
 * Null where the `import` of a package failed because that is not installed; throws what else it
 * failed with. The `import` has to stand within `try`: there bundlers leave out what they do not find.
 */
export function nullIfMissing(name: string, error: unknown): null {
  const { code, message } = error as NodeJS.ErrnoException;
  const missing = code === 'ERR_MODULE_NOT_FOUND' || code === 'MODULE_NOT_FOUND';
  // One that is there and lacks something itself is broken, and says so.
  if (missing && message.includes(`'${name}'`)) return null;
  throw error;
}
