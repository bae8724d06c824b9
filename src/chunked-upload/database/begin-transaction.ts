/** How TypeORM begins a transaction. */
export const BEGIN = 'START TRANSACTION';

// Postgres' own default; what is longer gains nothing.
const LONGEST_SILENCE_S = 7200;

/**
 * Begins a transaction in whose rows nobody is locked out for long by a process that is gone, or has
 * given up: Postgres ends a statement that takes longer than `limitMs`, and looks sooner than after
 * two hours whether there still is somebody at the other end. Nothing of that is a query, after which
 * the isolation level could not be chosen any more; and it is all one round trip.
 */
export function beginTransaction(limitMs: number): string {
  const silence = Math.min(Math.ceil(limitMs / 1000), LONGEST_SILENCE_S);
  return [
    BEGIN,
    `SET LOCAL statement_timeout = ${limitMs}`,
    `SET LOCAL tcp_keepalives_idle = ${silence}`,
    `SET LOCAL tcp_keepalives_interval = ${Math.ceil(silence / 3)}`,
  ].join('; ');
}
