import { createHash, timingSafeEqual } from 'node:crypto';
import type { IncomingHttpHeaders } from 'node:http';
import { ChunkedUploadError } from '../../chunked-upload.errors.js';
import type { ChunkDigest } from '../../engine/reception.js';

// A map, not an object: an object knows a "constructor" as well.
const ALGORITHMS = new Map([
  ['sha-256', 'sha256'],
  ['sha-512', 'sha512'],
  ['md5', 'md5'],
]);

/** What `Content-MD5` (RFC 1864) and `Content-Digest` (RFC 9530) say about the bytes of a request. */
export function chunkDigests(headers: IncomingHttpHeaders): ChunkDigest[] {
  const digests: ChunkDigest[] = [];
  const md5 = headers['content-md5'];
  if (typeof md5 === 'string') digests.push(digest('Content-MD5', 'md5', md5));
  const field = headers['content-digest'];
  if (typeof field === 'string') digests.push(...contentDigests(field));
  return digests;
}

// A dictionary of byte sequences: `sha-256=:<base64>:, sha-512=:<base64>:`. Unknown algorithms are
// to be ignored (RFC 9530, section 2).
function contentDigests(field: string): ChunkDigest[] {
  return field.split(',').flatMap((member) => {
    const match = /^\s*([a-z][a-z0-9-]*)=:([A-Za-z0-9+/=]*):\s*$/.exec(member);
    if (!match) throw ChunkedUploadError.malformedRequest('Content-Digest is not well-formed');
    const algorithm = ALGORITHMS.get(match[1] ?? '');
    return algorithm ? [digest('Content-Digest', algorithm, match[2] ?? '')] : [];
  });
}

function digest(header: string, algorithm: string, base64: string): ChunkDigest {
  const expected = Buffer.from(base64, 'base64');
  const hash = createHash(algorithm);
  return {
    header,
    update: (bytes) => void hash.update(bytes),
    matches: () => {
      const actual = hash.digest();
      return actual.length === expected.length && timingSafeEqual(actual, expected);
    },
  };
}
