import { createHash, timingSafeEqual } from 'node:crypto';
import { crc32 } from 'node:zlib';
import { ChunkedUploadError } from '../../chunked-upload.errors.js';
import type { ChunkDigest } from '../../engine/reception.js';

const HEADER = 'Upload-Checksum';

interface Hash {
  update(bytes: Uint8Array): unknown;
  digest(): Buffer;
}

/** By their names in the protocol; sha1 is the one that every server must have (checksum extension). */
const HASHES = new Map<string, () => Hash>([
  ['sha1', () => createHash('sha1')],
  ['md5', () => createHash('md5')],
  ['sha256', () => createHash('sha256')],
  ['sha512', () => createHash('sha512')],
  ['crc32', () => new Crc32()],
]);

export const TUS_CHECKSUM_ALGORITHMS = [...HASHES.keys()];

/**
 * What `Upload-Checksum` says of the bytes of one request: `sha1 <base64>`. None: it is not there.
 *
 * @throws ChunkedUploadError `malformed_request`, also for an algorithm that is not ours
 */
export function uploadChecksums(header: string | undefined): ChunkDigest[] {
  if (header === undefined) return [];
  const [, name = '', base64 = ''] = /^(\S+) +([A-Za-z\d+/]+={0,2})$/.exec(header.trim()) ?? [];
  if (base64 === '') {
    throw ChunkedUploadError.malformedRequest(
      `${HEADER} is malformed. Send the algorithm and the sum, such as sha1 <base64>`,
    );
  }
  const hash = HASHES.get(name.toLowerCase())?.();
  if (!hash) {
    throw ChunkedUploadError.malformedRequest(
      `${HEADER} supports only: ${TUS_CHECKSUM_ALGORITHMS.join(', ')}`,
    );
  }
  const expected = Buffer.from(base64, 'base64');
  return [
    {
      header: HEADER,
      update: (bytes) => void hash.update(bytes),
      matches: () => {
        const actual = hash.digest();
        return actual.length === expected.length && timingSafeEqual(actual, expected);
      },
    },
  ];
}

class Crc32 implements Hash {
  #value = 0;

  update(bytes: Uint8Array): void {
    this.#value = crc32(bytes, this.#value);
  }

  digest(): Buffer {
    const bytes = Buffer.alloc(4);
    bytes.writeUInt32BE(this.#value);
    return bytes;
  }
}
