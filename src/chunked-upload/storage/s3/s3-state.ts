import { randomBytes } from 'node:crypto';
import { ChunkedUploadError } from '../../chunked-upload.errors.js';
import type { JsonValue, StorageState } from '../storage.provider.js';
import { type NumberRun, countOf } from './part-numbers.js';
import type { Piece } from './pieces.js';

/** Parts that are committed: all of the same size, the file's beginning. */
export interface CommittedParts {
  readonly uploadId: string;
  readonly runs: readonly NumberRun[];
  /** The first number that nobody can have used by now. */
  readonly next: number;
  /** How many numbers each writer from here on may use before it commits. */
  readonly reserved: number;
  /** `chained` over all of them. */
  readonly chain: string;
  /** How many come before the first whose ETag is no sum of its bytes; null: all are. */
  readonly opaqueFrom: number | null;
}

/** What the row says of an unfinished upload. */
export interface UnfinishedState {
  /** In the metadata of the finished object: no other object has it. */
  readonly identity: string;
  /** Bytes of each part but the last. */
  readonly partSize: number;
  /** Null: there are none yet. */
  readonly parts: CommittedParts | null;
  /** What follows on the parts, in order. */
  readonly pieces: readonly Piece[];
  /** Bytes of the first piece that are in the parts already. */
  readonly skip: number;
  /** Pieces that nobody needs any more, to be removed. */
  readonly dropped: readonly Piece[];
  /** Whether writers may have left something that no state names. */
  readonly dirty: boolean;
}

export interface FinishedState {
  readonly identity: string;
  /** Bytes of the finished file. */
  readonly size: number;
}

export type S3State = UnfinishedState | FinishedState;

const VERSION = 1;

export function newIdentity(): string {
  return randomBytes(16).toString('base64url');
}

export function isFinished(state: S3State): state is FinishedState {
  return 'size' in state;
}

/** How many bytes are in parts. */
export function bytesInParts({
  parts,
  partSize,
}: Pick<UnfinishedState, 'parts' | 'partSize'>): number {
  return parts ? countOf(parts.runs) * partSize : 0;
}

/** How many bytes are committed. */
export function committedBytes(state: UnfinishedState): number {
  return bytesInParts(state) + bytesIn(state.pieces) - state.skip;
}

export function bytesIn(pieces: readonly Piece[]): number {
  return pieces.reduce((sum, { size }) => sum + size, 0);
}

/** As short as it can be: it stands in the row and is written with each chunk. */
export function encodeState(state: S3State): StorageState {
  if (isFinished(state)) return { v: VERSION, i: state.identity, z: state.size };
  const { identity, partSize, parts, pieces, skip, dropped, dirty } = state;
  return {
    v: VERSION,
    i: identity,
    p: partSize,
    ...(parts && {
      u: parts.uploadId,
      n: parts.runs.map(([first, count]) => [first, count]),
      x: parts.next,
      r: parts.reserved,
      h: parts.chain,
      ...(parts.opaqueFrom !== null && { o: parts.opaqueFrom }),
    }),
    ...(pieces.length > 0 && {
      t: pieces.map(({ token, size }) => `${token}.${size.toString(36)}`),
    }),
    ...(skip > 0 && { s: skip }),
    ...(dropped.length > 0 && {
      d: dropped.map(({ token, size, offset }) =>
        [token, size.toString(36), offset.toString(36)].join('.'),
      ),
    }),
    ...(dirty && { y: 1 }),
  };
}

/** Null: nothing has been committed. */
export function decodeState(state: StorageState | null): S3State | null {
  if (state === null) return null;
  if (state['v'] !== VERSION) {
    const detail =
      'The state of this upload is of another version of S3Storage, or of another storage';
    throw ChunkedUploadError.unavailable(detail);
  }
  const identity = textOf(state['i']);
  if (typeof state['z'] === 'number') return { identity, size: state['z'] };
  const partSize = Number(state['p']);
  const skip = Number(state['s'] ?? 0);
  const parts = decodeParts(state);
  let offset = bytesInParts({ parts, partSize }) - skip;
  const pieces = textsOf(state['t']).map((text) => {
    const [token = '', size = ''] = text.split('.');
    const piece = { offset, size: Number.parseInt(size, 36), token };
    offset += piece.size;
    return piece;
  });
  const dropped = textsOf(state['d']).map((text) => {
    const [token = '', size = '', at = ''] = text.split('.');
    return { token, size: Number.parseInt(size, 36), offset: Number.parseInt(at, 36) };
  });
  return { identity, partSize, parts, pieces, skip, dropped, dirty: state['y'] === 1 };
}

function decodeParts(state: StorageState): CommittedParts | null {
  const { u: uploadId, n: runs, x: next, r: reserved, h: chain, o: opaque } = state;
  if (typeof uploadId !== 'string' || !Array.isArray(runs)) return null;
  return {
    uploadId,
    runs: runs.map((run) => {
      const [first, count] = run as [number, number];
      return [first, count] as const;
    }),
    next: Number(next),
    reserved: Number(reserved),
    chain: textOf(chain),
    opaqueFrom: typeof opaque === 'number' ? opaque : null,
  };
}

function textOf(value: JsonValue | undefined): string {
  return typeof value === 'string' ? value : '';
}

function textsOf(value: JsonValue | undefined): string[] {
  return Array.isArray(value) ? value.map(textOf) : [];
}
