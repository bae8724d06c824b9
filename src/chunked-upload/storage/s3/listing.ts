import type { StoredBytes } from '../storage.provider.js';
import { parsePieceKey } from './pieces.js';
import type { S3Parts } from './s3-parts.js';

/** All objects of a folder, each by the key of its upload, and all multipart uploads in it. */
export async function* listStored(
  { bucket, multipart }: S3Parts,
  folder: string,
): AsyncGenerator<StoredBytes> {
  const prefix = folder === '' ? '' : `${folder}/`;
  for await (const { key, size, modifiedAt } of bucket.list(prefix)) {
    yield { key: parsePieceKey(key)?.key ?? key, size, modifiedAt };
  }
  for await (const upload of multipart.list(prefix)) {
    const parts = await multipart.parts(upload);
    // Completed, or aborted, meanwhile.
    if (!parts) continue;
    // When it was begun says nothing: a chunk may be on its way for hours.
    const newest = Math.max(upload.begunAt.getTime(), ...parts.map((part) => +part.modifiedAt));
    const size = parts.reduce((sum, part) => sum + part.size, 0);
    yield { key: upload.key, size, modifiedAt: new Date(newest) };
  }
}
