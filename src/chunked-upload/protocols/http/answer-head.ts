import type { Readable } from 'node:stream';
import type { FileResponse } from './file-response.js';
import { type HostResponse, outgoingOf } from './host-request.js';

export function redirect(response: HostResponse, target: string | URL): void {
  response.header('Cache-Control', 'no-store');
  response.header('Location', String(target));
  response.status(302);
}

/** Status and headers of a download. */
export function setHead(response: HostResponse, { status, headers }: FileResponse): void {
  response.status(status);
  for (const [name, value] of Object.entries(headers)) response.header(name, value);
}

/**
 * Closes `stream` when the client has got it, or has gone away: Nest 11.1.3 to 11.2.0 leaves it open
 * then, with its file and its memory.
 */
export function closeWith(response: HostResponse, stream: Readable): void {
  const outgoing = outgoingOf(response);
  if (outgoing.closed) stream.destroy();
  else outgoing.once('close', () => stream.destroy());
}
