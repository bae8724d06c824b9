import { constants } from 'node:fs';
import { access, mkdir, stat } from 'node:fs/promises';
import { dirname, resolve } from 'node:path';
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
  /** Of the disk on which that folder's disk is mounted; null: it is on the disk of the system. */
  #outerDev: bigint | null = null;
  /** Whether it was not there before this process made it: then what comes later is the right one. */
  #isMade = false;

  constructor(private readonly root: string) {}

  /** Makes it if it has never been there. @throws Error that says what is wrong with it, and the cure */
  async find(): Promise<string> {
    const path = resolve(this.root);
    const there = await identityOf(path).catch((error: unknown) => unfit(path, error));
    if (this.#first === null) await this.#begin(path, there);
    else await this.#compare(path, this.#first, there);
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
    await this.#remember(path, there ?? (await identityOf(path)));
  }

  async #remember(path: string, there: Identity | null): Promise<void> {
    this.#first = there;
    this.#outerDev = there && (await outerDevOf(path, there.dev));
  }

  async #compare(path: string, first: Identity, there: Identity | null): Promise<void> {
    const cure = 'Is its disk mounted?';
    if (there === null) {
      throw new Error(`The folder ${path} was there before and is gone. ${cure}`);
    }
    if (there.dev === first.dev && there.ino === first.ino) return;
    // A disk may have another number when it is mounted again. An empty mount point has its outer one's.
    const isMountedAnew = there.dev !== first.dev && there.dev !== this.#outerDev;
    if (!this.#isMade && !isMountedAnew) {
      const or = 'If this is the right one, start the process again.';
      throw new Error(`The folder ${path} is another one than before. ${cure} ${or}`);
    }
    await this.#remember(path, there);
    this.#isMade = false;
  }
}

async function identityOf(path: string): Promise<Identity | null> {
  const stats = await stat(path, { bigint: true }).catch(unlessMissing);
  return stats && { dev: stats.dev, ino: stats.ino };
}

async function outerDevOf(path: string, dev: bigint): Promise<bigint | null> {
  const parent = dirname(path);
  if (parent === path) return null;
  const there = await identityOf(parent);
  return there && there.dev !== dev ? there.dev : outerDevOf(parent, dev);
}

function unfit(path: string, cause: unknown): never {
  const reason = cause instanceof Error ? cause.message : String(cause);
  const cure = 'Let the user of this process write there, or choose another "root".';
  throw new Error(`The folder ${path} cannot be written (${reason}). ${cure}`, { cause });
}
