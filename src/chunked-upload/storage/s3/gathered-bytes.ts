import { type Hash, createHash } from 'node:crypto';
import type { StoreAccount } from '../../memory/store-account.js';
import { PAGE_BYTES } from '../../memory/store-memory.js';

/** Bytes in pages: all of these are full but the last. */
export interface PagedBytes {
  readonly pages: Buffer[];
  readonly length: number;
  /** In hex. */
  readonly md5: string;
}

/** Bytes that have come and are not stored yet. */
export class GatheredBytes {
  #pages: Buffer[] = [];
  #length = 0;
  // On the way: a sum over all of a part at its end would hold up everybody.
  #hash: Hash = createHash('md5');

  constructor(private readonly account: StoreAccount) {}

  get length(): number {
    return this.#length;
  }

  /** Whether there is no room for more yet. */
  get isWaiting(): boolean {
    return this.account.isWaiting;
  }

  /** Nobody waits for room any more: who does is told `reason`. */
  stopWaiting(reason: Error): void {
    this.account.stopWaiting(reason);
  }

  /** Copies the beginning of `bytes`; waits where there is no room. Returns how many it has taken. */
  async append(bytes: Uint8Array): Promise<number> {
    if (this.#length === this.#pages.length * PAGE_BYTES) {
      // What was there before may be gone by then: somebody else needed the room.
      const page = await this.account.take();
      this.#pages.push(page);
    } else this.account.touch();
    const used = this.#length - (this.#pages.length - 1) * PAGE_BYTES;
    const taken = Math.min(bytes.length, PAGE_BYTES - used);
    const part = bytes.subarray(0, taken);
    this.#pages.at(-1)?.set(part, used);
    this.#hash.update(part);
    this.#length += taken;
    return taken;
  }

  /** All of them, which are on their way to the store from here on. */
  send(): PagedBytes {
    const sent = { pages: this.#pages, length: this.#length, md5: this.#hash.digest('hex') };
    this.account.sends(sent.pages.length);
    this.#begin();
    return sent;
  }

  drop(): void {
    const pages = this.#pages;
    this.#begin();
    this.account.give(pages);
  }

  #begin(): void {
    this.#pages = [];
    this.#length = 0;
    this.#hash = createHash('md5');
  }
}

/** `length` bytes from `from` on, where they lie. */
export function bytesInPages(pages: readonly Buffer[], from: number, length: number): Buffer[] {
  const bytes: Buffer[] = [];
  const end = from + length;
  for (let at = from; at < end;) {
    const start = at % PAGE_BYTES;
    const page = pages[Math.floor(at / PAGE_BYTES)];
    if (!page) break;
    const part = page.subarray(start, Math.min(PAGE_BYTES, start + end - at));
    bytes.push(part);
    at += part.length;
  }
  return bytes;
}
