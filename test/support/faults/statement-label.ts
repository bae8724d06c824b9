const COLUMNS = 2;
const QUOTED = /"(\w+)"/g;
const ASSIGNED = /"(\w+)" ?=/g;

/**
 * Names a statement for people: its verb, and what it is about. By its text alone, so that it goes
 * on to work when statements are written anew.
 */
export function statementLabel(sql: string): string {
  const text = sql.replaceAll(/\s+/g, ' ').trim();
  // One that begins with WITH is named by what it changes.
  const [, updated] = /\bUPDATE \S+(?: AS \S+)? SET (.*)/.exec(text) ?? [];
  if (updated !== undefined)
    return `UPDATE ${names(updated.split(/ (?:FROM|WHERE) /)[0], ASSIGNED)}`;
  const [, inserted] = /\bINSERT INTO "?(\w+)/.exec(text) ?? [];
  if (inserted !== undefined) return `INSERT ${inserted}`;
  const [, deleted] = /\bDELETE FROM .*? WHERE (.*)/.exec(text) ?? [];
  if (deleted !== undefined) return `DELETE by ${names(deleted, QUOTED)}`;
  const [, selected] = /^SELECT .* WHERE (.*)/.exec(text) ?? [];
  if (selected !== undefined) return `SELECT by ${names(selected, QUOTED)}`;
  return text.slice(0, 30);
}

/** Whether it does nothing but prolong leases: whoever waits for it can wait for the next one. */
export function isRenewal(label: string): boolean {
  return label === 'UPDATE lease_until';
}

/** The first few columns. */
function names(text = '', pattern: RegExp): string {
  const found = [...new Set([...text.matchAll(pattern)].map(([, name]) => name))];
  const more = found.length > COLUMNS ? ', …' : '';
  return found.slice(0, COLUMNS).join(', ') + more;
}
