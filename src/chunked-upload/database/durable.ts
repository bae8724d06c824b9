/**
 * A condition that always holds, for a statement on whose effect something outside of the database
 * is built: bytes that are answered for, or removed. A database with `synchronous_commit = off` waits
 * for its disk at the end of this transaction nevertheless; it could forget it in a crash else.
 */
export const DURABLE = `CASE WHEN current_setting('synchronous_commit') = 'off'
  THEN set_config('synchronous_commit', 'on', true) = 'on' ELSE true END`;
