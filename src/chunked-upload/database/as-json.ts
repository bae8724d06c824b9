/** A parameter for a column of text that holds JSON: of letters that every encoding has. */
export function asPlainJson(value: unknown): string | null {
  const escape = (unit: string) => `\\u${unit.charCodeAt(0).toString(16).padStart(4, '0')}`;
  return asJson(value)?.replace(/[^\0-\x7F]/g, escape) ?? null;
}

/** A parameter for a JSON column; SQL's null for nothing. */
export function asJson(value: unknown): string | null {
  return value === undefined || value === null ? null : JSON.stringify(value);
}
