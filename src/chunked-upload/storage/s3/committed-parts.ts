import { chained, proofOfSize } from './parts-chain.js';
import { numbersOf } from './part-numbers.js';
import type { PartId, StoredPart } from './s3-multipart.js';
import type { CommittedParts } from './s3-state.js';

/** The parts that a state speaks of, among all that are there; null: they are not what was committed. */
export function findCommitted(
  stored: readonly StoredPart[],
  { runs, chain, opaqueFrom }: CommittedParts,
  partSize: number,
): PartId[] | null {
  const byNumber = new Map(stored.map((part) => [part.number, part]));
  const committed: PartId[] = [];
  let seen = '';
  for (const number of numbersOf(runs)) {
    const part = byNumber.get(number);
    if (part?.size !== partSize) return null;
    const isOpaque = opaqueFrom !== null && committed.length >= opaqueFrom;
    seen = chained(seen, number, isOpaque ? proofOfSize(partSize) : part.etag);
    committed.push(part);
  }
  return seen === chain ? committed : null;
}
