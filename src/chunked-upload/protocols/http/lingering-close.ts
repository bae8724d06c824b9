import type { IncomingMessage, ServerResponse } from 'node:http';
import { type ServerHttp2Stream, constants } from 'node:http2';
import type { Socket } from 'node:net';
import { discardRest } from './discard-rest.js';
import { http2StreamOf } from './http2-stream.js';

const prepared = new WeakSet<IncomingMessage>();

/**
 * Sees to it that the answer reaches a client that is still sending when it has been answered. Node
 * closes a connection that ends with an answer at once, also where bytes of the request have not been
 * read; then a reset is what the client gets, before it has read the answer (RFC 9112, section 9.6).
 * So the connection is closed when the rest has been read, or some of it. May be called more than
 * once.
 */
export function lingerAfterAnswer(incoming: IncomingMessage, outgoing: ServerResponse): void {
  if (prepared.has(incoming)) return;
  prepared.add(incoming);
  const stream = http2StreamOf(incoming);
  if (stream) lingerOnStream(incoming, stream);
  else lingerOnConnection(incoming, outgoing);
}

function lingerOnConnection(incoming: IncomingMessage, outgoing: ServerResponse): void {
  const { socket } = incoming;
  let restore: (() => void) | null = null;
  // Before Node's own, which closes the connection.
  outgoing.prependOnceListener('finish', () => {
    if (incoming.complete || socket.destroyed) return;
    restore = closeLater(incoming, socket);
    discardRest(incoming, () => incoming.destroy());
  });
  outgoing.once('finish', () => restore?.());
}

/** Until the function returned is called, to close the connection is to close it after the request. */
function closeLater(incoming: IncomingMessage, socket: Socket): () => void {
  socket.destroySoon = () => {
    incoming.once('end', () => socket.destroySoon());
    // To a client of HTTP/1.0 our end may be that of the answer. Others would stop sending, or fail.
    if (incoming.httpVersionMinor === 0) socket.end();
  };
  return () => delete (socket as Partial<Socket>).destroySoon;
}

/** What ends here is the request alone: the connection is that of others as well. */
function lingerOnStream(incoming: IncomingMessage, stream: ServerHttp2Stream): void {
  stream.once('finish', () => {
    if (incoming.complete) return;
    discardRest(incoming, () => {
      // To whoever still reads it, it has broken off.
      incoming.destroy();
      // "Send no more": the answer counts nevertheless (RFC 9113, section 8.1).
      if (!stream.destroyed) stream.close(constants.NGHTTP2_NO_ERROR);
    });
  });
}
