/** Where a chunk ended, and when by this process' clock, in milliseconds since 1970. */
export type HistoryEntry = [offset: number, time: number];

const MOST = 20;

/** A history of one entry. For people: nothing is decided by it, so the clock may be any. */
export function historyOf(offset: number): HistoryEntry[] {
  return [[offset, Date.now()]];
}

/** SQL for the `column` with those of the parameter `added`, the oldest of too many dropped. */
export function historyWith(column: string, added: string): string {
  return `CASE WHEN jsonb_array_length(${column}) >= ${MOST} THEN ${column} - 0
    ELSE COALESCE(${column}, '[]') END || ${added}::jsonb`;
}
