import { once } from 'node:events';
import { type Socket, connect } from 'node:net';

export interface RawAnswer {
  readonly status: number;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: string;
  /** The body of an answer in JSON. */
  readonly json: { readonly detail?: unknown; readonly [name: string]: unknown };
}

/** A connection of its own, for tests to which the exact bytes on the wire matter. */
export class RawConnection {
  #received = Buffer.alloc(0);
  #closed = false;
  #error: Error | null = null;

  private constructor(readonly socket: Socket) {
    socket.on('data', (bytes) => {
      this.#received = Buffer.concat([this.#received, bytes]);
    });
    socket.on('error', (error) => {
      this.#error = error;
    });
    socket.on('close', () => {
      this.#closed = true;
    });
  }

  static async open(url: string): Promise<RawConnection> {
    const { hostname, port } = new URL(url);
    const socket = connect(Number(port), hostname);
    const connection = new RawConnection(socket);
    await once(socket, 'connect');
    return connection;
  }

  /** Begins a PUT by ann; `answer` fails where the connection is reset before it. */
  static async put(
    url: string,
    headers: Readonly<Record<string, string | number | string[]>>,
    target = '/uploads?filename=a',
  ): Promise<RawConnection> {
    const connection = await RawConnection.open(url);
    const type = { 'content-type': 'application/octet-stream' };
    await connection.head('PUT', target, { 'x-user': 'ann', ...type, ...headers });
    return connection;
  }

  /** Request line and headers; `host` is added. An array sends its header more than once. */
  async head(
    method: string,
    target: string,
    headers: Readonly<Record<string, string | number | string[]>>,
  ): Promise<void> {
    const lines = Object.entries({ host: 'localhost', ...headers }).flatMap(([name, value]) =>
      [value].flat().map((line) => `${name}: ${line}\r\n`),
    );
    await this.write(`${method} ${target} HTTP/1.1\r\n${lines.join('')}\r\n`);
  }

  /** Resolves when the bytes have left this process. @throws if the connection is gone */
  async write(bytes: string | Uint8Array): Promise<void> {
    await new Promise<void>((resolve, reject) => {
      this.socket.write(bytes, (error) => (error ? reject(error) : resolve()));
    });
  }

  /** One piece of a body with `Transfer-Encoding: chunked`; an empty one ends it. */
  async writePiece(bytes: Uint8Array): Promise<void> {
    const size = Buffer.from(`${bytes.length.toString(16)}\r\n`);
    await this.write(Buffer.concat([size, bytes, Buffer.from('\r\n')]));
  }

  /** The next answer. @throws if the connection ends before it is whole */
  async answer(): Promise<RawAnswer> {
    for (;;) {
      const answer = this.#take();
      if (answer) return answer;
      if (this.#error) throw this.#error;
      if (this.#closed) throw new Error(`Closed after: ${this.#received.toString()}`);
      await new Promise<void>((resolve) => {
        this.socket.once('data', () => resolve());
        this.socket.once('close', () => resolve());
      });
    }
  }

  /** Waits until the other side has closed the connection. */
  async closed(): Promise<void> {
    if (!this.#closed) await once(this.socket, 'close');
  }

  /** Breaks the connection off. */
  destroy(): void {
    this.socket.destroy();
  }

  #take(): RawAnswer | null {
    const end = this.#received.indexOf('\r\n\r\n');
    if (end < 0) return null;
    const [start = '', ...lines] = this.#received.subarray(0, end).toString('latin1').split('\r\n');
    const headers = Object.fromEntries(lines.map(field));
    const length = Number(headers['content-length'] ?? 0);
    const rest = this.#received.subarray(end + 4);
    if (rest.length < length) return null;
    this.#received = rest.subarray(length);
    const body = rest.subarray(0, length).toString();
    const json = body.startsWith('{') ? (JSON.parse(body) as RawAnswer['json']) : {};
    return { status: Number(start.split(' ')[1]), headers, body, json };
  }
}

function field(line: string): [string, string] {
  const colon = line.indexOf(':');
  return [line.slice(0, colon).toLowerCase(), line.slice(colon + 1).trim()];
}
