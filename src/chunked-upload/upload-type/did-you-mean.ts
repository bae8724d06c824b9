/** The end of a sentence about a name that is none: the one that was meant, or else all that are. */
export function didYouMean(given: string, known: readonly string[], listed = known): string {
  const near = nearestName(given, known);
  return near === null ? ` (there are: ${listed.join(', ')})` : `; did you mean "${near}"?`;
}

/** In another case, or with a typing mistake or two; null: none is near. */
function nearestName(given: string, known: readonly string[]): string | null {
  const name = given.toLowerCase();
  const distances = known.map((each) => distance(name.split(''), each.toLowerCase().split('')));
  const least = Math.min(...distances);
  return least <= Math.ceil(name.length / 4) ? (known[distances.indexOf(least)] ?? null) : null;
}

/** How many letters must be added, dropped or changed to make `right` of `left` (Levenshtein). */
function distance(left: readonly string[], right: readonly string[]): number {
  let row = Array.from({ length: right.length + 1 }, (_, index) => index);
  for (const [index, letter] of left.entries()) {
    const next = [index + 1];
    for (const [column, other] of right.entries()) {
      const change = (row[column] ?? 0) + (letter === other ? 0 : 1);
      next.push(Math.min(change, (row[column + 1] ?? 0) + 1, (next[column] ?? 0) + 1));
    }
    row = next;
  }
  return row.at(-1) ?? 0;
}
