import type { IncomingMessage } from 'node:http';
import type { ServerHttp2Stream } from 'node:http2';

/** The stream that a request has come on over HTTP/2; null: it has come over HTTP/1. */
export function http2StreamOf(incoming: IncomingMessage): ServerHttp2Stream | null {
  const { stream } = incoming as { readonly stream?: ServerHttp2Stream };
  return incoming.httpVersionMajor === 2 && stream ? stream : null;
}
