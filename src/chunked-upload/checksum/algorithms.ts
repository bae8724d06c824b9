import {
  createBLAKE3,
  createCRC32,
  createMD5,
  createSHA1,
  createSHA256,
  createSHA512,
  type IHasher,
} from 'hash-wasm';

/** What a hash must offer here is that its state can be saved and loaded; node:crypto's cannot. */
export const CHECKSUM_ALGORITHMS = {
  md5: () => createMD5(),
  sha1: () => createSHA1(),
  sha256: () => createSHA256(),
  sha512: () => createSHA512(),
  blake3: () => createBLAKE3(),
  crc32: () => createCRC32(),
} satisfies Record<string, () => Promise<IHasher>>;

export type ChecksumAlgorithm = keyof typeof CHECKSUM_ALGORITHMS;
