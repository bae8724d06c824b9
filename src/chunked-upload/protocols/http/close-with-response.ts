import { EventEmitter } from 'node:events';
import { constants } from 'node:http2';
import type { Socket } from 'node:net';
import type { Readable } from 'node:stream';
import { type HostRequest, type HostResponse, incomingOf, outgoingOf } from './host-request.js';
import { http2StreamOf } from './http2-stream.js';

/** A client may send any number of requests on one connection: one listener for all of them. */
const streamsByConnection = new WeakMap<Socket, Set<Readable>>();

/**
 * Destroys the stream of a download when its response is over, broken off or not. Nest does so from
 * 12 on; before, on Express, an aborted download leaves a descriptor behind. Over HTTP/2, a stream that
 * fails resets the response (RFC 9113, section 5.4.2).
 */
export function closeWithResponse(
  stream: Readable,
  request: HostRequest,
  response: HostResponse,
): void {
  const incoming = incomingOf(request);
  const { socket } = incoming;
  const outgoing = outgoingOf(response);
  if (socket.destroyed || outgoing.destroyed) {
    stream.destroy();
    return;
  }
  outgoing.once('close', () => stream.destroy());
  // Fastify ends such a response with NO_ERROR, by which a client may take it for whole.
  const wire = http2StreamOf(incoming);
  stream.once('error', () => {
    if (wire?.headersSent) wire.close(constants.NGHTTP2_INTERNAL_ERROR);
  });
  // Adapters of cloud functions play a request to the application, and what they call its socket is none.
  if (!(socket instanceof EventEmitter)) return;
  // A response that waits behind others of its connection is not told that this one has closed.
  const streams = streamsOf(socket);
  streams.add(stream);
  stream.once('close', () => streams.delete(stream));
}

function streamsOf(socket: Socket): Set<Readable> {
  const known = streamsByConnection.get(socket);
  if (known) return known;
  const streams = new Set<Readable>();
  streamsByConnection.set(socket, streams);
  socket.once('close', () => {
    for (const stream of streams) stream.destroy();
  });
  return streams;
}
