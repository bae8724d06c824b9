import type { Readable } from 'node:stream';
import { type CallOptions, STALL_MS } from './s3-calls.js';

/**
 * The bytes of an object that is open. The store may take as long as it sends some: `moved` is called
 * as they come. While nobody asks for more it need not send any.
 * @throws where it sends nothing for too long, or when `signal` ends it
 */
export async function* bytesOf(
  body: Readable,
  { signal, moved }: CallOptions = {},
): AsyncGenerator<Buffer> {
  const abort = (): void => {
    body.destroy(new Error('Nobody wants these bytes any more'));
  };
  const wait = (): NodeJS.Timeout =>
    setTimeout(() => body.destroy(new Error('The store stopped sending')), STALL_MS);
  signal?.addEventListener('abort', abort);
  if (signal?.aborted) abort();
  let stalled = wait();
  try {
    for await (const chunk of body as AsyncIterable<Buffer>) {
      clearTimeout(stalled);
      moved?.();
      yield chunk;
      stalled = wait();
    }
  } finally {
    clearTimeout(stalled);
    signal?.removeEventListener('abort', abort);
  }
}
