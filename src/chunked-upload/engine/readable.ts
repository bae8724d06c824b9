import type { Readable } from 'node:stream';

/** Whether it is what a server received, and not what one was answered, which has no method. */
export function isRequest(stream: Readable & { readonly method?: unknown }): boolean {
  return 'httpVersion' in stream && typeof stream.method === 'string';
}

/** What a stream that has broken still holds; null: nothing more. */
export function buffered(stream: Readable): Uint8Array | null {
  return stream.read() as Uint8Array | null;
}
