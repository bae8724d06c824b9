import { constants } from 'node:fs';
import { access, mkdir, stat } from 'node:fs/promises';
import { resolve } from 'node:path';
import { unlessMissing } from './local-disk.missing.js';

/** Tells one folder from another at the same path. */
interface Identity {
  readonly dev: bigint;
  readonly ino: bigint;
}

/**
 * The folder that holds everything. When a disk is unmounted below a running process, an empty folder
 * of another disk is at its path, or none: so the first one that was found is remembered.
 */
export class LocalDiskRoot {
  #first: Identity | null = null;
  /** Whether it was not there before this process made it: then what comes later is the right one. */
  #isMade = false;

  constructor(private readonly root: string) {}

  /** Makes it if it has never been there. @throws Error that says what is wrong with it, and the cure */
  async find(): Promise<string> {
    const path = resolve(this.root);
    const there = await identityOf(path).catch((error: unknown) => unfit(path, error));
    if (this.#first === null) await this.#begin(path, there);
    else this.#compare(path, this.#first, there);
    return path;
  }

  /** As `find`. @throws Error also where nothing can be written there */
  async findWritable(): Promise<string> {
    const path = await this.find();
    const mode = constants.W_OK | constants.X_OK;
    await access(path, mode).catch((error: unknown) => unfit(path, error));
    return path;
  }

  async #begin(path: string, there: Identity | null): Promise<void> {
    if (there === null) {
      await mkdir(path, { recursive: true }).catch((error: unknown) => unfit(path, error));
      this.#isMade = true;
    }
    this.#first = there ?? (await identityOf(path));
  }

  #compare(path: string, first: Identity, there: Identity | null): void {
    const cure = 'Is its disk mounted?';
    if (there === null) {
      throw new Error(`The folder ${path} was there before and is gone. ${cure}`);
    }
    if (there.dev === first.dev && there.ino === first.ino) return;
    if (!this.#isMade) {
      const or = 'If this is the right one, start the process again.';
      throw new Error(`The folder ${path} is another one than before. ${cure} ${or}`);
    }
    this.#first = there;
    this.#isMade = false;
  }
}

async function identityOf(path: string): Promise<Identity | null> {
  const stats = await stat(path, { bigint: true }).catch(unlessMissing);
  return stats && { dev: stats.dev, ino: stats.ino };
}

function unfit(path: string, cause: unknown): never {
  const reason = cause instanceof Error ? cause.message : String(cause);
  const cure = 'Let the user of this process write there, or choose another "root".';
  throw new Error(`The folder ${path} cannot be written (${reason}). ${cure}`, { cause });
}
