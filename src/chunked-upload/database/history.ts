const MOST = 20;

/** SQL for a history (a column, or `NULL`) with one more offset, the oldest of too many dropped. */
export function historyWith(history: string, offset: string): string {
  const entry = `jsonb_build_array(jsonb_build_array(${offset},
    (EXTRACT(EPOCH FROM clock_timestamp()) * 1000)::bigint))`;
  if (history === 'NULL') return entry;
  return `CASE WHEN jsonb_array_length(${history}) >= ${MOST} THEN ${history} - 0
    ELSE COALESCE(${history}, '[]') END || ${entry}`;
}
