/**
 * A condition that always holds, and makes its statement wait for the disk also in a database whose
 * `synchronous_commit` is off: that one forgets in a crash what it has answered. A stricter setting
 * of the host's, such as `remote_apply`, stays.
 */
export const DURABLY = `CASE WHEN current_setting('synchronous_commit') = 'off'
  THEN set_config('synchronous_commit', 'on', true) = 'on' ELSE true END`;
