import {
  createBLAKE3,
  createCRC32,
  createMD5,
  createSHA1,
  createSHA256,
  createSHA512,
  type IHasher,
} from 'hash-wasm';
import { readBytes } from './file-bytes.js';

const ALGORITHMS = {
  md5: () => createMD5(),
  sha1: () => createSHA1(),
  sha256: () => createSHA256(),
  sha512: () => createSHA512(),
  blake3: () => createBLAKE3(),
  crc32: () => createCRC32(),
} as const satisfies Record<string, () => Promise<IHasher>>;

export type ChecksumAlgorithm = keyof typeof ALGORITHMS;

/**
 * One for all files. A browser lets a page have about 125 instances of WebAssembly at once, so a file
 * keeps the state of its sum, which is small, and no hasher.
 */
const hashers = new Map<ChecksumAlgorithm, Promise<IHasher>>();

/** Bytes hashed in one go: a few milliseconds, so that a page stays responsive. */
const PIECE = 1024 * 1024;

/**
 * The sum of a file, computed little by little beside the sending, each byte once and in order,
 * whatever is sent twice or had been sent in an earlier session.
 */
export class FileChecksum {
  /** Of the sum of what lies before `position`; `null` at the beginning. */
  private state: Uint8Array | null = null;
  private position = 0;
  private work: Promise<void> = Promise.resolve();
  private sum: string | undefined;

  constructor(
    private readonly file: Blob,
    readonly algorithm: ChecksumAlgorithm,
  ) {
    if (!Object.hasOwn(ALGORITHMS, algorithm)) {
      const names = Object.keys(ALGORITHMS).join(', ');
      throw new TypeError(`checksum must be one of ${names}, or false, not ${String(algorithm)}`);
    }
  }

  /**
   * Goes on up to the byte before `end`, in the background, until the signal is aborted. What fails here is
   * tried again by the next call.
   */
  advanceTo(end: number, signal: AbortSignal): void {
    this.work = this.work.catch(() => undefined).then(() => this.hash(end, signal));
    this.work.catch(() => undefined);
  }

  /**
   * The sum of the whole file in hexadecimal digits. Can be asked again.
   *
   * @throws UploadError `unreadable`; the signal's reason
   */
  async digest(signal: AbortSignal): Promise<string> {
    this.advanceTo(this.file.size, signal);
    await this.work;
    signal.throwIfAborted();
    // A completion may have to be repeated.
    this.sum ??= this.goOn(await hasherFor(this.algorithm)).digest();
    return this.sum;
  }

  /** Begins anew: the file may have changed. */
  reset(): void {
    this.work = this.work
      .catch(() => undefined)
      .then(() => {
        this.state = null;
        this.position = 0;
        this.sum = undefined;
      });
  }

  private async hash(end: number, signal: AbortSignal): Promise<void> {
    const shared = await hasherFor(this.algorithm);
    while (this.position < end && !signal.aborted) {
      const next = Math.min(this.position + PIECE, end);
      const bytes = await readBytes(this.file, this.position, next);
      // Nothing may be awaited from here on: the hasher is that of all files.
      this.state = this.goOn(shared).update(bytes).save();
      this.position = next;
    }
  }

  /** The hasher, where this file stands. */
  private goOn(shared: IHasher): IHasher {
    return this.state === null ? shared.init() : shared.load(this.state);
  }
}

function hasherFor(algorithm: ChecksumAlgorithm): Promise<IHasher> {
  const known = hashers.get(algorithm);
  if (known) return known;
  const made = ALGORITHMS[algorithm]();
  hashers.set(algorithm, made);
  // Where it could not be made, the next file tries again.
  made.catch(() => hashers.delete(algorithm));
  return made;
}
