import { createMD5, createSHA1, createSHA256, createSHA512 } from 'hash-wasm';
import { readBytes } from './file-bytes.js';

const ALGORITHMS = {
  md5: createMD5,
  sha1: createSHA1,
  sha256: createSHA256,
  sha512: createSHA512,
} as const;

export type ChecksumAlgorithm = keyof typeof ALGORITHMS;

/** Bytes hashed in one go: a few milliseconds, so that a page stays responsive. */
const PIECE = 1024 * 1024;

/**
 * The sum of a file, computed little by little beside the sending, each byte once and in order,
 * whatever is sent twice or had been sent in an earlier session.
 */
export class FileChecksum {
  private readonly hasher: ReturnType<typeof createMD5>;
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
    this.hasher = ALGORITHMS[algorithm]();
  }

  /** Goes on up to the byte before `end`, in the background; what fails there fails `digest()`. */
  advanceTo(end: number): void {
    this.work = this.work.then(() => this.hash(end));
    this.work.catch(() => undefined);
  }

  /**
   * The sum of the whole file in hexadecimal digits. Can be asked again.
   *
   * @throws UploadError `unreadable`
   */
  async digest(): Promise<string> {
    this.advanceTo(this.file.size);
    await this.work;
    // hash-wasm ends a hasher with its digest, but a completion may have to be repeated.
    this.sum ??= (await this.hasher).digest();
    return this.sum;
  }

  private async hash(end: number): Promise<void> {
    const hasher = await this.hasher;
    while (this.position < end) {
      const next = Math.min(this.position + PIECE, end);
      hasher.update(await readBytes(this.file, this.position, next));
      this.position = next;
    }
  }
}
