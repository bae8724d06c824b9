import type { AdminPosition, AdminSort } from '../database/admin.repository.js';
import { parseUploadId } from '../upload-id.js';

/** A place in a list as one word of a URL. */
export function encodeCursor({ key, id }: AdminPosition): string {
  return Buffer.from(JSON.stringify([key, id])).toString('base64url');
}

/** Null: it is none, or none of a list that is sorted so. */
export function decodeCursor(text: string, sort: AdminSort): AdminPosition | null {
  let value: unknown;
  try {
    value = JSON.parse(Buffer.from(text, 'base64url').toString());
  } catch {
    return null;
  }
  const [key, given] = Array.isArray(value) ? (value as unknown[]) : [];
  const id = typeof given === 'string' ? parseUploadId(given) : null;
  if (typeof key !== 'string' || id === null || key.includes('\0')) return null;
  // Of longer negative ones the database can make no time.
  const isNumber = /^(-\d{1,17}|\d{1,18})$/.test(key);
  return isNumber || sort === 'filename' ? { key, id } : null;
}

/** As the database does, for the lists of several tables. */
export function comparePositions(sort: AdminSort, left: AdminPosition, right: AdminPosition) {
  const byKey =
    sort === 'filename'
      ? Buffer.compare(Buffer.from(left.key), Buffer.from(right.key))
      : Number(BigInt(left.key) - BigInt(right.key));
  return byKey || (left.id < right.id ? -1 : Number(left.id > right.id));
}
