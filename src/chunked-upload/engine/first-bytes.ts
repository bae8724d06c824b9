import { FIRST_BYTES, detectMimeType } from '../mime-type/detect-mime-type.js';

/** What the row keeps of an upload's beginning. */
export interface Beginning {
  /** The bytes so far, while they are too few to be judged; null after. */
  readonly firstBytes: Buffer | null;
  readonly mimeType: string | null;
}

/**
 * Looks at the beginning of a file as it passes by, over as many chunks as it takes, and has it
 * judged once: when enough of it has come, or all there is.
 */
export class FirstBytes {
  #bytes: Buffer;
  #judged = false;
  #mimeType: string | null = null;
  #refusal: unknown;

  constructor(
    /** What earlier chunks brought. */
    known: Buffer | null,
    /** Asked what the bytes say they are (null: nothing); throws to refuse them. */
    private readonly judge: (mimeType: string | null) => Promise<void>,
  ) {
    this.#bytes = known ?? Buffer.alloc(0);
  }

  get judged(): boolean {
    return this.#judged;
  }

  get mimeType(): string | null {
    return this.#mimeType;
  }

  /** What `judge` threw: to be told as it is. */
  get refusal(): unknown {
    return this.#refusal;
  }

  /** The next bytes of the file, before they are stored. */
  async take(batch: readonly Uint8Array[]): Promise<void> {
    if (this.#judged) return;
    // Copied, and no more of it than that: else a few bytes would hold whole buffers in memory.
    const length = batch.reduce((sum, bytes) => sum + bytes.length, this.#bytes.length);
    this.#bytes = Buffer.concat([this.#bytes, ...batch], Math.min(length, FIRST_BYTES));
    if (this.#bytes.length === FIRST_BYTES) await this.end();
  }

  /** No more bytes will come than have come. */
  async end(): Promise<void> {
    if (this.#judged) return;
    this.#judged = true;
    this.#mimeType = await detectMimeType(this.#bytes);
    try {
      await this.judge(this.#mimeType);
    } catch (error) {
      this.#refusal = error;
      throw error;
    }
  }

  /** What to keep when `offset` bytes are stored: fewer than have passed by if a write failed. */
  at(offset: number): Beginning {
    if (this.#judged && offset >= this.#bytes.length) {
      return { firstBytes: null, mimeType: this.#mimeType };
    }
    return { firstBytes: Buffer.from(this.#bytes.subarray(0, offset)), mimeType: null };
  }
}
