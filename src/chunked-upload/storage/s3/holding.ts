import type { StoredFile } from '../storage.provider.js';
import { findCommitted } from './committed-parts.js';
import { type Piece, coveredBytes, parsePieceKey, pieceKey, piecePrefix } from './pieces.js';
import type { S3Parts } from './s3-parts.js';
import { type UnfinishedState, committedBytes, decodeState, isFinished } from './s3-state.js';

/** Whether the first `size` bytes are there. Without the state: as far as can be told. */
export async function holdsBytes(
  shared: S3Parts,
  file: StoredFile,
  size: number,
): Promise<boolean> {
  const state = decodeState(file.storageState);
  const finished = await shared.bucket.head(file.finalKey);
  const isOurs = !state || state.identity === finished?.identity;
  // While parts are joined there is an object that is not the file yet, and larger.
  const isWhole = !state || !isFinished(state) || state.size === finished?.size;
  if (finished && isOurs && isWhole && finished.size >= size) return true;
  if (state && isFinished(state)) return false;
  return state ? holdsState(shared, file, state, size) : holdsAny(shared, file, size);
}

async function holdsState(
  { bucket, multipart }: S3Parts,
  { key, finalKey }: StoredFile,
  state: UnfinishedState,
  size: number,
): Promise<boolean> {
  const { parts, partSize, pieces } = state;
  if (committedBytes(state) < size) return false;
  if (parts) {
    const stored = await multipart.parts({ key: finalKey, uploadId: parts.uploadId });
    if (!stored || !findCommitted(stored, parts, partSize)) return false;
  }
  const missing = new Set(pieces.map((piece) => pieceKey(key, piece)));
  if (missing.size === 0) return true;
  for await (const { key: name } of bucket.list(piecePrefix(key))) missing.delete(name);
  return missing.size === 0;
}

/** Of whatever writers. */
async function holdsAny(
  { bucket, multipart }: S3Parts,
  { key, finalKey }: StoredFile,
  size: number,
): Promise<boolean> {
  const pieces: Piece[] = [];
  for await (const { key: name } of bucket.list(piecePrefix(key))) {
    const parsed = parsePieceKey(name);
    if (parsed?.key === key) pieces.push(parsed.piece);
  }
  if (pieces.length > 0 && coveredBytes(pieces) >= size) return true;
  for (const upload of await multipart.of(finalKey)) {
    const stored = (await multipart.parts(upload)) ?? [];
    const inParts = stored.reduce((sum, part) => sum + part.size, 0);
    if (stored.length > 0 && coveredBytes(pieces, inParts) >= size) return true;
  }
  return false;
}
