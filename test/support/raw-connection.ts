import type { Duplex } from 'node:stream';
import { speaksHttp2 } from './http2-fetch.js';
import { RawHttp1 } from './raw-http1.js';
import { RawHttp2 } from './raw-http2.js';
import type { RawAnswer, RawHeaders, RawLink } from './raw-link.js';

export type { RawAnswer } from './raw-link.js';

/**
 * A connection of its own, for tests to which it matters what is sent when. To a host that speaks
 * HTTP/2 it is one of HTTP/2.
 */
export class RawConnection {
  private constructor(private readonly link: RawLink) {}

  static async open(url: string): Promise<RawConnection> {
    return new RawConnection(await (speaksHttp2(url) ? RawHttp2.open(url) : RawHttp1.open(url)));
  }

  /** Begins a PUT by ann; `answer` fails where the connection is reset before it. */
  static async put(
    url: string,
    headers: RawHeaders,
    target = '/uploads?filename=a',
  ): Promise<RawConnection> {
    const connection = await RawConnection.open(url);
    const type = { 'content-type': 'application/octet-stream' };
    await connection.head('PUT', target, { 'x-user': 'ann', ...type, ...headers });
    return connection;
  }

  /** The socket, or over HTTP/2 the stream of the last request. */
  get socket(): Duplex {
    return this.link.wire;
  }

  /** Request line and headers; `host` is added. An array sends its header more than once. */
  head(method: string, target: string, headers: RawHeaders): Promise<void> {
    return this.link.head(method, target, headers);
  }

  /** Resolves when the bytes have left this process. @throws if the connection is gone */
  write(bytes: string | Uint8Array): Promise<void> {
    return this.link.write(bytes);
  }

  /** One piece of a body with `Transfer-Encoding: chunked`; an empty one ends it. */
  writePiece(bytes: Uint8Array): Promise<void> {
    return this.link.writePieces([bytes]);
  }

  /** The same of several at once. */
  writePieces(pieces: readonly Uint8Array[]): Promise<void> {
    return this.link.writePieces(pieces);
  }

  /** The next answer. @throws if the connection ends before it is whole */
  answer(): Promise<RawAnswer> {
    return this.link.answer();
  }

  /** Lets the other side wait; resolves when it has begun to answer. */
  readNothing(): Promise<void> {
    return this.link.readNothing();
  }

  /** Waits until the other side has closed the connection. */
  closed(): Promise<void> {
    return this.link.closed();
  }

  /** Breaks the connection off. */
  destroy(): void {
    this.link.destroy();
  }
}
