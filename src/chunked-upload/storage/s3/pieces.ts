import { createHash } from 'node:crypto';

/**
 * Bytes of an upload that are less than a part: an object of their own until they become a part of
 * one. Its name has its writer's token and is never written twice, so that nobody can overwrite it,
 * and what a writer left that never committed is named by no row.
 */
export interface Piece {
  /** Of its first byte in the file. */
  readonly offset: number;
  /** Bytes. */
  readonly size: number;
  /** The writer's, shortened. */
  readonly token: string;
}

const NAME = /^(.+)\.([0-9a-f]{12})-([0-9a-f]+)-([A-Za-z0-9_-]{22})$/s;

/** What stands for a writer's token in the names of its pieces. */
export function pieceToken(token: string): string {
  return createHash('sha256').update(token).digest('base64url').slice(0, 22);
}

/** Where a piece of the upload with this key is. */
export function pieceKey(key: string, { offset, size, token }: Piece): string {
  return `${key}.${offset.toString(16).padStart(12, '0')}-${size.toString(16)}-${token}`;
}

/**
 * Where the plan of a join is (`joining.ts`), by the size of the object that it is of: several may be
 * made at once, and which of them it is shows the object. It is behind any byte that a file may have.
 */
export function joinPlanKey(key: string, size: number): string {
  return pieceKey(key, { offset: 0xffffffffffff, size, token: 'joined----------------' });
}

/** What all pieces of the upload with this key begin with, and perhaps other objects. */
export function piecePrefix(key: string): string {
  return `${key}.`;
}

/** The piece, and the key of its upload, that an object's key names; null: it is no piece. */
export function parsePieceKey(objectKey: string): { key: string; piece: Piece } | null {
  const [, key, offset, size, token] = NAME.exec(objectKey) ?? [];
  if (!key || !offset || !size || !token) return null;
  return {
    key,
    piece: { offset: Number.parseInt(offset, 16), size: Number.parseInt(size, 16), token },
  };
}

/** How many bytes from the beginning on the pieces hold without a gap, those of all writers together. */
export function coveredBytes(pieces: readonly Piece[], from = 0): number {
  let end = from;
  for (const { offset, size } of pieces.toSorted((one, other) => one.offset - other.offset)) {
    if (offset > end) break;
    end = Math.max(end, offset + size);
  }
  return end;
}
