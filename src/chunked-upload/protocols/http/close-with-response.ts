import type { Socket } from 'node:net';
import type { Readable } from 'node:stream';
import { type HostRequest, type HostResponse, incomingOf, outgoingOf } from './host-request.js';

/** A client may send any number of requests on one connection: one listener for all of them. */
const streamsByConnection = new WeakMap<Socket, Set<Readable>>();

/**
 * Destroys the stream of a download when its response is over, broken off or not. Nest does so from
 * 12 on; before, on Express, an aborted download leaves a descriptor behind.
 */
export function closeWithResponse(
  stream: Readable,
  request: HostRequest,
  response: HostResponse,
): void {
  const { socket } = incomingOf(request);
  const outgoing = outgoingOf(response);
  if (socket.destroyed || outgoing.destroyed) {
    stream.destroy();
    return;
  }
  outgoing.once('close', () => stream.destroy());
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
