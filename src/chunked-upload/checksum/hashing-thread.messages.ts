import type { ChecksumAlgorithm } from './algorithms.js';

/** To the thread. Messages of one session are carried out in the order in which they were sent. */
export type ThreadRequest = { readonly session: number } & (
  | { readonly begin: { readonly algorithm: ChecksumAlgorithm; readonly state: Uint8Array } }
  | {
      readonly update: SharedArrayBuffer;
      readonly length: number;
      /** Whether these are the first bytes of an update that may be taken back. */
      readonly first: boolean;
    }
  | { readonly save: 'now' | 'before the last update' }
  | { readonly end: true }
);

/** From the thread: it is up; a slab has been hashed and is free; a state that was asked for. */
export type ThreadReply =
  | { readonly ready: true }
  | { readonly slab: SharedArrayBuffer }
  | { readonly session: number; readonly state: Uint8Array };
