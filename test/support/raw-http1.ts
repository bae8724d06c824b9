import { once } from 'node:events';
import { type Socket, connect } from 'node:net';
import { type RawAnswer, type RawHeaders, type RawLink, rawAnswer, writeAll } from './raw-link.js';

export class RawHttp1 implements RawLink {
  #received = Buffer.alloc(0);
  #closed = false;
  #error: Error | null = null;

  private constructor(readonly wire: Socket) {
    wire.on('data', (bytes) => {
      this.#received = Buffer.concat([this.#received, bytes]);
    });
    wire.on('error', (error) => {
      this.#error = error;
    });
    wire.on('close', () => {
      this.#closed = true;
    });
  }

  static async open(url: string): Promise<RawHttp1> {
    const { hostname, port } = new URL(url);
    const socket = connect(Number(port), hostname);
    const link = new RawHttp1(socket);
    await once(socket, 'connect');
    return link;
  }

  async head(method: string, target: string, headers: RawHeaders): Promise<void> {
    const lines = Object.entries({ host: 'localhost', ...headers }).flatMap(([name, value]) =>
      [value].flat().map((line) => `${name}: ${line}\r\n`),
    );
    await this.write(`${method} ${target} HTTP/1.1\r\n${lines.join('')}\r\n`);
  }

  write(bytes: string | Uint8Array): Promise<void> {
    return writeAll(this.wire, bytes);
  }

  async writePieces(pieces: readonly Uint8Array[]): Promise<void> {
    const framed = pieces.flatMap((bytes) => {
      return [Buffer.from(`${bytes.length.toString(16)}\r\n`), bytes, Buffer.from('\r\n')];
    });
    await this.write(Buffer.concat(framed));
  }

  async answer(): Promise<RawAnswer> {
    for (;;) {
      const answer = this.#take();
      if (answer) return answer;
      if (this.#error) throw this.#error;
      if (this.#closed) throw new Error(`Closed after: ${this.#received.toString()}`);
      await new Promise<void>((resolve) => {
        this.wire.once('data', () => resolve());
        this.wire.once('close', () => resolve());
      });
    }
  }

  async readNothing(): Promise<void> {
    const begun = once(this.wire, 'readable');
    this.wire.pause();
    await begun;
  }

  /** By a reset, too. */
  async closed(): Promise<void> {
    if (!this.#closed) await new Promise((resolve) => this.wire.once('close', resolve));
  }

  destroy(): void {
    this.wire.destroy();
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
    return rawAnswer(Number(start.split(' ')[1]), headers, rest.subarray(0, length).toString());
  }
}

function field(line: string): [string, string] {
  const colon = line.indexOf(':');
  return [line.slice(0, colon).toLowerCase(), line.slice(colon + 1).trim()];
}
