/**
 * A date or time as text in ISO 8601, to the microsecond, whatever the `DateStyle` of the session: JSON
 * knows no other. Postgres takes it back under each of them as well.
 */
export function asIsoText(sql: string): string {
  return `to_json(${sql}) #>> '{}'`;
}
