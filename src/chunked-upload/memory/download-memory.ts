import type { MemoryBudget } from './memory-budget.js';

const KIB = 1024;

/** Of the budget, what all downloads may hold: one over this. */
const PART = 4;
/** A download holds the chunk that is on its way out, and the next one. */
const CHUNKS = 2;
const LARGEST_CHUNK = 256 * KIB;
const SMALLEST_CHUNK = 16 * KIB;
/** A download begins with this part of its share, one over it, and grows while it is read. */
const BEGINNING = 8;
// In less time the kernel's buffers are full of a download that nobody reads.
const GROWS_AFTER_MS = 25;

/**
 * The memory of files that are being sent. Each is read in chunks of a size that all have a share
 * in: one that nobody reads keeps its last chunks, and must not have been given large ones. None
 * waits for another: what an unread one keeps is less than its connection costs. So their number has
 * no bound, and however many there are, they leave the rest of the budget to uploads.
 */
export class DownloadMemory {
  #count = 0;
  /** Bytes of all of them, and how many of these count in the budget. */
  #held = 0;
  #reserved = 0;

  constructor(private readonly budget: MemoryBudget) {}

  /** To be closed when the download is over. */
  open(): DownloadAccount {
    this.#count += 1;
    return new DownloadAccount(this);
  }

  /** What one chunk of one download may have, in bytes. */
  get share(): number {
    return this.#most / CHUNKS / Math.max(1, this.#count);
  }

  /** @internal @param bytes below 0: it is given back */
  hold(bytes: number): void {
    this.#held += bytes;
    const counted = Math.min(this.#held, this.#most);
    this.budget.reserve(counted - this.#reserved);
    this.#reserved = counted;
  }

  /** @internal */
  closed(): void {
    this.#count -= 1;
  }

  get #most(): number {
    return this.budget.limit / PART;
  }
}

/** One download. */
export class DownloadAccount {
  #chunk = 0;
  #growsAt = 0;
  #isClosed = false;

  constructor(private readonly downloads: DownloadMemory) {}

  /** How many bytes to read now, which is asked each time that the reader wants more. */
  nextChunk(): number {
    // It came too late, and will be closed: nobody would give back what it holds.
    if (this.#isClosed) return SMALLEST_CHUNK;
    const now = performance.now();
    const { share } = this.downloads;
    const begins = this.#chunk === 0;
    const wanted = begins ? share / BEGINNING : this.#chunk * (now < this.#growsAt ? 1 : 2);
    const chunk = Math.floor(Math.max(SMALLEST_CHUNK, Math.min(LARGEST_CHUNK, share, wanted)));
    if (chunk > this.#chunk) this.#growsAt = now + GROWS_AFTER_MS;
    this.downloads.hold((chunk - this.#chunk) * CHUNKS);
    this.#chunk = chunk;
    return chunk;
  }

  close(): void {
    if (this.#isClosed) return;
    this.#isClosed = true;
    this.downloads.closed();
    this.downloads.hold(-this.#chunk * CHUNKS);
  }
}
