import { type CheckedType, StartUpCheck } from './start-up-check.js';

/** A storage that takes no bytes, such as a folder that cannot be written, or not as safely. */
export class StorageCheck extends StartUpCheck {
  async warning({ type }: CheckedType): Promise<string | null> {
    try {
      return (await type.storage.check?.()) ?? null;
    } catch (error) {
      return error instanceof Error ? error.message : String(error);
    }
  }
}
