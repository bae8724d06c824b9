const MIB = 1024 * 1024;

/** What a part may have, but for the last one, which may be smaller (S3 user guide, "qfacts"). */
export const SMALLEST_PART = 5 * MIB;
export const LARGEST_PART = 5 * 1024 * MIB;
/** How many parts an upload may have, where a store says nothing else. */
export const MOST_PARTS = 10_000;

const USUAL_PART = 8 * MIB;
/** The part of one long chunk: a larger one would only hold more memory. */
const LARGEST_DIVISOR = 16 * MIB;
/** Of the numbers, what a file of known size uses: the rest is for writers that take over. */
const USED = 0.9;

export interface PartPlan {
  /** Bytes that the first chunk was announced with; null: unknown. */
  readonly length: number | null;
  /** Size of the file; null: unknown. */
  readonly total: number | null;
  /** The least that the host wants, in bytes; null: it has no wish. */
  readonly partSize: number | null;
  readonly maxParts: number;
}

/** Whose store it is, as far as that makes a difference. */
export type StoreKind = 'amazon' | 'r2' | 'other';

const TIB = 1024 * 1024 * MIB;
/** Bytes of the largest object: Amazon's may be as large as its parts together. */
const LARGEST_OBJECT: Readonly<Record<StoreKind, number>> = {
  amazon: Number.POSITIVE_INFINITY,
  // "5 GiB less than 5 TiB, so 4.995 TiB": developers.cloudflare.com/r2/platform/limits.
  r2: 5 * TIB - 5 * 1024 * MIB,
  other: 5 * TIB,
};

/** Bytes of the largest file, of so many parts. */
export function largestFile(maxParts: number, kind: StoreKind): number {
  return Math.min(maxParts * LARGEST_PART, LARGEST_OBJECT[kind]);
}

/**
 * The size of an upload's parts, all of them but the last: some stores want them equal. It is chosen
 * to fit the client's chunks: where each chunk is a part, or each few of them are one, no byte has to
 * be stored twice on the way.
 */
export function planPartSize({ length, total, partSize, maxParts }: PartPlan): number {
  const needed = total === null ? 0 : Math.ceil(total / Math.floor(maxParts * USED));
  const least = Math.max(SMALLEST_PART, partSize ?? 0, needed);
  const usual = roundUp(Math.max(least, USUAL_PART), least > USUAL_PART ? MIB : 1);
  const planned = fittingChunks(length, total, least, usual) ?? usual;
  // Of the largest files even what is kept for takeovers is used.
  return Math.min(planned, LARGEST_PART);
}

function fittingChunks(
  length: number | null,
  total: number | null,
  least: number,
  usual: number,
): number | null {
  // One chunk that is all of the file has no others to fit.
  if (length === null || length <= 0 || length === total) return null;
  if (length <= least) return roundUp(least, length);
  return nearestDivisor(length, least, usual);
}

/** An exact divisor of a long chunk; null: there is none of a fitting size. */
function nearestDivisor(length: number, least: number, usual: number): number | null {
  const largest = Math.max(LARGEST_DIVISOR, 2 * least);
  let nearest: number | null = null;
  for (let count = Math.ceil(length / largest); length / count >= least; count += 1) {
    const size = length / count;
    if (!Number.isInteger(size)) continue;
    if (nearest === null || distance(size, usual) < distance(nearest, usual)) nearest = size;
  }
  return nearest;
}

/** How many times the one is the other. */
function distance(size: number, other: number): number {
  return size > other ? size / other : other / size;
}

function roundUp(bytes: number, unit: number): number {
  return Math.ceil(bytes / unit) * unit;
}
