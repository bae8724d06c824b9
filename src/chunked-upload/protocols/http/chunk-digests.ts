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

// Nobody needs more, and each costs time to read.
const MOST_MEMBERS = 8;

/**
 * What `Content-MD5` (RFC 1864) and `Content-Digest` (RFC 9530) say about the bytes of a request: at
 * most one digest for each header and algorithm, since all of them are computed.
 */
export function chunkDigests(headers: IncomingHttpHeaders): ChunkDigest[] {
  const digests: ChunkDigest[] = [];
  const md5 = headers['content-md5'];
  if (typeof md5 === 'string') digests.push(digest('Content-MD5', 'md5', md5));
  const field = headers['content-digest'];
  if (typeof field === 'string') {
    for (const [algorithm, sum] of contentDigests(field)) {
      digests.push(digest('Content-Digest', algorithm, sum));
    }
  }
  return digests;
}

// A dictionary of byte sequences: `sha-256=:<base64>:, sha-512=:<base64>:`. Of a repeated key the
// last one counts (RFC 8941, section 4.2.2); unknown algorithms are to be ignored (RFC 9530,
// section 2).
function contentDigests(field: string): Map<string, string> {
  const members = field.split(',', MOST_MEMBERS + 1);
  if (members.length > MOST_MEMBERS) {
    const detail = `Content-Digest may have at most ${MOST_MEMBERS} members`;
    throw ChunkedUploadError.malformedRequest(detail);
  }
  const sums = new Map<string, string>();
  for (const member of members) {
    const [, key, sum = ''] = /^\s*([a-z*][a-z\d_.*-]*)=:([A-Za-z\d+/=]*):\s*$/.exec(member) ?? [];
    if (key === undefined) {
      throw ChunkedUploadError.malformedRequest(
        'Content-Digest is not well-formed: it has to be such as sha-256=:<base64>:',
      );
    }
    const algorithm = ALGORITHMS.get(key);
    if (algorithm !== undefined) sums.set(algorithm, sum);
  }
  return sums;
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
