import { type CheckedType, StartUpCheck } from './start-up-check.js';

/** A storage that takes no bytes, such as a folder that cannot be written. */
export class StorageCheck extends StartUpCheck {
  async warning({ type }: CheckedType): Promise<string | null> {
    try {
      await type.storage.check?.();
      return null;
    } catch (error) {
      return error instanceof Error ? error.message : String(error);
    }
  }
}
