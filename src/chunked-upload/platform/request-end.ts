import type { Readable } from 'node:stream';

/** How long a client that ends a request may take to say that it has reset it, in milliseconds. */
const GRACE_MS = 100;

/** What is read of a request over HTTP/2, or of its stream. */
interface Resettable {
  readonly aborted?: boolean;
  readonly rstCode?: number;
  readonly stream?: { readonly rstCode?: number };
  readonly headers?: { readonly 'content-length'?: string };
}

/** Whether a stream that has ended was cut: over HTTP/2 what is reset ends as what has come whole. */
export function wasCut(ended: Readable): boolean {
  const { aborted = false, rstCode, stream } = ended as Resettable;
  return aborted || (rstCode ?? stream?.rstCode ?? 0) !== 0;
}

/**
 * Calls `whole` or `cut` when a stream has ended. A client that gives up may say that its request ends
 * and then that it is reset, as Node's own does. Where no length was announced, which what has come
 * would fall short of, it is given the time to do so.
 */
export function onEnd(stream: Readable, whole: () => void, cut: () => void): void {
  const decide = () => (wasCut(stream) ? cut() : whole());
  stream.on('end', () => {
    if (wasCut(stream) || !mayBeReset(stream)) decide();
    // What has come by then counts, also where this process did not get to read it.
    else setTimeout(() => setImmediate(() => setImmediate(decide)), GRACE_MS);
  });
}

function mayBeReset(ended: Readable): boolean {
  const { rstCode, stream, headers } = ended as Resettable;
  const isOverHttp2 = rstCode !== undefined || stream?.rstCode !== undefined;
  return isOverHttp2 && headers?.['content-length'] === undefined;
}
