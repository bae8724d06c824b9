import { createHash } from 'node:crypto';

/**
 * A digest over the numbers and ETags of all committed parts, in their order. It stands in the row in
 * place of them, which would grow with the file: at the end they are asked for, and must make the
 * same chain.
 */
export function chained(chain: string, number: number, etag: string): string {
  return createHash('sha256').update(`${chain} ${number} ${etag}`).digest('base64url');
}
