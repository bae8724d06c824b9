import { digestsIn } from '../http/chunk-digests.js';

/**
 * The sum of the whole file in hex that `Repr-Digest` has said at its creation (section 10.1), if it is
 * one of the type's algorithm; null: there is nothing to compare.
 *
 * @throws ChunkedUploadError `malformed_request`
 */
export function reprSum(field: string | null, algorithm: string | null): string | null {
  if (!field?.trim()) return null;
  const base64 = digestsIn(field).get(algorithm ?? '');
  return base64 === undefined ? null : Buffer.from(base64, 'base64').toString('hex');
}
