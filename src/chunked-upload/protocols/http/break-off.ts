import type { IncomingMessage } from 'node:http';
import { constants } from 'node:http2';
import { http2StreamOf } from './http2-stream.js';

/** Ends a request without an answer: its connection, over HTTP/2 its stream alone. */
export function breakOff(incoming: IncomingMessage): void {
  const stream = http2StreamOf(incoming);
  if (stream) stream.close(constants.NGHTTP2_INTERNAL_ERROR);
  else incoming.socket.destroy();
}
