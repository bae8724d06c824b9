import type { StoredFile } from '../storage.provider.js';
import { parsePieceKey, piecePrefix } from './pieces.js';
import type { S3Parts } from './s3-parts.js';

/** Removes every piece of an upload, and ends every multipart upload to its place, whoever made them. */
export async function removeLeftovers(
  { bucket, multipart }: S3Parts,
  { key, finalKey }: Pick<StoredFile, 'key' | 'finalKey'>,
): Promise<void> {
  const pieces: string[] = [];
  for await (const { key: name } of bucket.list(piecePrefix(key))) {
    if (parsePieceKey(name)?.key === key) pieces.push(name);
  }
  await bucket.remove(pieces);
  for (const upload of await multipart.of(finalKey)) await multipart.abort(upload);
}
