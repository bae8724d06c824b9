import type { PartId } from './s3-multipart.js';
import type { CommittedParts } from './s3-state.js';

/** Of all uploads together: each is some hundred bytes. */
const MOST_PARTS = 20_000;

interface KnownUpload {
  /** It says which parts these are. */
  readonly chain: string;
  readonly parts: readonly PartId[];
}

/**
 * The parts of uploads all of which this process has made: it need not ask the store for what that has
 * answered before. Those of the longest idle uploads are forgotten.
 */
export class KnownParts {
  readonly #uploads = new Map<string, KnownUpload>();
  #count = 0;

  /** Where those before are known, too. `after`: what is to be committed with `parts`. */
  add(before: CommittedParts | null, parts: readonly PartId[], after: CommittedParts): void {
    const { uploadId, chain } = after;
    const known = before ? this.of(before) : [];
    this.#forget(uploadId);
    if (!known) return;
    this.#uploads.set(uploadId, { chain, parts: [...known, ...parts] });
    this.#count += known.length + parts.length;
    for (const oldest of this.#uploads.keys()) {
      if (this.#count <= MOST_PARTS) break;
      this.#forget(oldest);
    }
  }

  /** In their order; null: not all of them are known. */
  of({ uploadId, chain }: CommittedParts): readonly PartId[] | null {
    const known = this.#uploads.get(uploadId);
    return known?.chain === chain ? known.parts : null;
  }

  /** The same, for the last time. */
  take(parts: CommittedParts): readonly PartId[] | null {
    const known = this.of(parts);
    this.#forget(parts.uploadId);
    return known;
  }

  #forget(uploadId: string): void {
    this.#count -= this.#uploads.get(uploadId)?.parts.length ?? 0;
    this.#uploads.delete(uploadId);
  }
}
