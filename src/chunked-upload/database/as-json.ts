/** A parameter for a JSON column; SQL's null for nothing. */
export function asJson(value: unknown): string | null {
  return value === undefined || value === null ? null : JSON.stringify(value);
}
