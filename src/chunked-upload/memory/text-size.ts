/** Bytes of memory that the letters of a text take: two each where one is none of Latin-1. */
export function textSize(text: string): number {
  return /[^\0-\xFF]/.test(text) ? 2 * text.length : text.length;
}
