import { once } from 'node:events';
import {
  Agent,
  type ClientRequest,
  type IncomingHttpHeaders,
  type IncomingMessage,
  request as httpRequest,
} from 'node:http';
import { connect as connectHttp2, constants } from 'node:http2';
import { type Socket, connect as connectSocket } from 'node:net';
import { speaksHttp2 } from './http2-fetch.js';

export interface Answer {
  readonly status: number;
  readonly headers: IncomingHttpHeaders;
  readonly bytes: Buffer;
}

/**
 * How a request ends that does not come to its end: its connection, as a client does that is closed
 * (`fin`), or as a machine does that knows nothing of it (`reset`); over HTTP/2 also the request alone,
 * with the code of one who gives up (`cancelled`), or with none (`dropped`).
 */
export type Cut = 'fin' | 'reset' | 'cancelled' | 'dropped';

/** A request on its way, over whichever HTTP. */
export interface ChunkWire {
  readonly answer: Promise<Answer>;
  readonly localPort: number;
  readonly isGone: boolean;
  /** Resolves when there is a connection. */
  readonly connecting: Promise<void>;
  write(bytes: Uint8Array, done: () => void): void;
  end(bytes: Uint8Array): void;
  cut(how: Cut): void;
}

export type WireHeaders = Readonly<Record<string, string>>;

export function openWire(
  method: string,
  url: string,
  headers: WireHeaders,
  agent: Agent | false,
): ChunkWire {
  return speaksHttp2(url)
    ? new Http2Wire(method, url, headers)
    : new Http1Wire(httpRequest(url, { method, agent, headers }));
}

class Http1Wire implements ChunkWire {
  readonly answer: Promise<Answer>;
  readonly connecting: Promise<void>;

  constructor(private readonly request: ClientRequest) {
    this.answer = answerOf(request);
    this.connecting = new Promise((resolve) => {
      request.once('socket', (socket) => socket.once('connect', resolve));
    });
  }

  get localPort(): number {
    return this.request.socket?.localPort ?? 0;
  }

  get isGone(): boolean {
    return this.request.destroyed;
  }

  write(bytes: Uint8Array, done: () => void): void {
    this.request.write(bytes, () => done());
  }

  end(bytes: Uint8Array): void {
    this.request.end(bytes);
  }

  cut(how: Cut): void {
    if (how === 'fin') this.request.socket?.end();
    else if (how === 'reset') this.request.socket?.resetAndDestroy();
    else this.request.destroy();
  }
}

class Http2Wire implements ChunkWire {
  readonly answer: Promise<Answer>;
  readonly connecting: Promise<void>;
  readonly #socket: Socket;
  readonly #stream;

  constructor(method: string, url: string, headers: WireHeaders) {
    const { origin, hostname, port, pathname, search } = new URL(url);
    this.#socket = connectSocket(Number(port), hostname);
    const session = connectHttp2(origin, { createConnection: () => this.#socket });
    session.on('error', () => undefined);
    const pseudo = { ':method': method, ':path': pathname + search };
    this.#stream = session.request({ ...pseudo, ...headers }, { endStream: false });
    this.#stream.once('close', () => session.close());
    this.connecting = once(session, 'connect').then(() => undefined);
    this.connecting.catch(() => undefined);
    this.answer = this.#answered();
  }

  get localPort(): number {
    return this.#socket.localPort ?? 0;
  }

  get isGone(): boolean {
    return this.#stream.destroyed;
  }

  write(bytes: Uint8Array, done: () => void): void {
    this.#stream.write(bytes, () => done());
  }

  end(bytes: Uint8Array): void {
    this.#stream.end(bytes);
  }

  cut(how: Cut): void {
    if (how === 'fin') this.#socket.destroy();
    else if (how === 'reset') this.#socket.resetAndDestroy();
    else if (how === 'cancelled') this.#stream.close(constants.NGHTTP2_CANCEL);
    else this.#stream.close(constants.NGHTTP2_NO_ERROR);
  }

  async #answered(): Promise<Answer> {
    return new Promise((resolve, reject) => {
      let status = 0;
      let headers: IncomingHttpHeaders = {};
      const parts: Buffer[] = [];
      this.#stream.once('response', ({ ':status': code = 0, ...fields }) => {
        status = code;
        headers = fields as IncomingHttpHeaders;
      });
      this.#stream.on('data', (part: Buffer) => parts.push(part));
      this.#stream.once('end', () => {
        if (status > 0) resolve({ status, headers, bytes: Buffer.concat(parts) });
      });
      this.#stream.once('error', reject);
      this.#stream.once('close', () => reject(new Error('The stream ended without an answer')));
    });
  }
}

/** Also of a server that answers before it has been sent everything. */
export function answerOf(request: ClientRequest): Promise<Answer> {
  return new Promise((resolve, reject) => {
    let answered = false;
    request.once('response', (response: IncomingMessage) => {
      answered = true;
      const parts: Buffer[] = [];
      response.on('data', (part: Buffer) => parts.push(part));
      response.once('error', reject);
      response.once('end', () =>
        resolve({
          status: response.statusCode ?? 0,
          headers: response.headers,
          bytes: Buffer.concat(parts),
        }),
      );
    });
    request.on('error', (error) => {
      if (!answered) reject(error);
    });
  });
}
