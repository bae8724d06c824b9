/** What `load` imports; null where that package is not installed. */
export async function optionalPackage<P>(name: string, load: () => Promise<P>): Promise<P | null> {
  try {
    return await load();
  } catch (error) {
    const { code, message } = error as NodeJS.ErrnoException;
    const missing = code === 'ERR_MODULE_NOT_FOUND' || code === 'MODULE_NOT_FOUND';
    // One that is there and lacks something itself is broken, and says so.
    if (missing && message.includes(`'${name}'`)) return null;
    throw error;
  }
}
