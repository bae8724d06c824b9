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
  // A blank header says nothing.
  if (typeof md5 === 'string' && md5.trim() !== '') digests.push(digest('Content-MD5', 'md5', md5));
  const field = headers['content-digest'];
  if (typeof field === 'string' && field.trim() !== '') {
    for (const [algorithm, sum] of digestsIn(field)) {
      digests.push(digest('Content-Digest', algorithm, sum));
    }
  }
  return digests;
}

// A comma within a string, of an algorithm that is not ours, ends no member.
const MEMBER = /((?:[^,"]|"(?:[^"\\]|\\.)*")*)(,|$)/y;

// A dictionary of byte sequences: `sha-256=:<base64>:, sha-512=:<base64>:`. Of a repeated key the
// last one counts (RFC 8941, section 4.2.2), and parameters say nothing to us (section 3.1.2);
// unknown algorithms are to be ignored (RFC 9530, section 2).
export function digestsIn(field: string): Map<string, string> {
  const sums = new Map<string, string>();
  for (const member of membersOf(field)) {
    const [, key, value = ''] = /^([a-z*][a-z\d_.*-]*)(?:=(.+))?$/.exec(member.trim()) ?? [];
    if (key === undefined) throw malformed();
    const algorithm = ALGORITHMS.get(key);
    if (algorithm !== undefined) sums.set(algorithm, byteSequence(value));
  }
  return sums;
}

function membersOf(field: string): string[] {
  const members: string[] = [];
  MEMBER.lastIndex = 0;
  for (let comma = ','; comma === ',';) {
    const [whole, member = '', end = ''] = MEMBER.exec(field) ?? [];
    if (whole === undefined) throw malformed();
    members.push(member);
    if (members.length > MOST_MEMBERS) {
      const detail = `Content-Digest may have at most ${MOST_MEMBERS} members`;
      throw ChunkedUploadError.malformedRequest(detail);
    }
    comma = end;
  }
  return members;
}

function byteSequence(item: string): string {
  const [, sum] = /^:([A-Za-z\d+/=]*):(?:\s*;.*)?$/.exec(item) ?? [];
  if (sum === undefined) throw malformed();
  return sum;
}

function malformed(): ChunkedUploadError {
  return ChunkedUploadError.malformedRequest(
    'Content-Digest is not well-formed. Send it like sha-256=:<base64>:',
  );
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
