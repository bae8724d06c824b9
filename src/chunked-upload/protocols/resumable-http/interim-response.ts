import type { IncomingMessage, ServerResponse } from 'node:http';
import { http2StreamOf } from '../http/http2-stream.js';
import type { Fields } from './upload-state.js';

const STATUS = 104;
const REASON = 'Upload Resumption Supported';

/** What Node's response has, or will have, for it. */
interface Informing {
  /** Of Node 26 and later. */
  writeInformation?(status: number, headers: Fields): void;
  /** What Node itself sends `100 Continue` by. */
  _writeRaw?(text: string, encoding: 'latin1'): boolean;
}

/**
 * Sends `104 Upload Resumption Supported` (section 5) before the answer. Nothing where it cannot be
 * sent any more, or to a client that could not tell it from the answer (RFC 9110, section 15.2).
 */
export function sendInterim(
  incoming: IncomingMessage,
  outgoing: ServerResponse,
  fields: Fields,
): void {
  if (outgoing.headersSent || outgoing.destroyed) return;
  const stream = http2StreamOf(incoming);
  if (stream) {
    if (!stream.destroyed && !stream.headersSent) {
      stream.additionalHeaders({ ':status': STATUS, ...lowerCase(fields) });
    }
    return;
  }
  const isOld = incoming.httpVersionMajor < 1 || incoming.httpVersion === '1.0';
  if (isOld || !outgoing.socket?.writable) return;
  const informing = outgoing as unknown as Informing;
  if (informing.writeInformation) {
    informing.writeInformation(STATUS, fields);
    return;
  }
  const lines = Object.entries(fields).map(([name, value]) => `${name}: ${value}\r\n`);
  // oxlint-disable-next-line no-underscore-dangle -- Node's name; before `writeInformation` there is nothing else
  informing._writeRaw?.(`HTTP/1.1 ${STATUS} ${REASON}\r\n${lines.join('')}\r\n`, 'latin1');
}

function lowerCase(fields: Fields): Fields {
  return Object.fromEntries(
    Object.entries(fields).map(([name, value]) => [name.toLowerCase(), value]),
  );
}
