import { once } from 'node:events';
import { type ClientHttp2Session, type ClientHttp2Stream, connect } from 'node:http2';
import { type RawAnswer, type RawHeaders, type RawLink, rawAnswer, writeAll } from './raw-link.js';

// What HTTP/2 says otherwise, or forbids (RFC 9113, section 8.2.2).
const OF_CONNECTIONS = ['host', 'connection', 'transfer-encoding'];

/** The same without TLS over HTTP/2: what is framed by the headers of HTTP/1 ends where they say. */
export class RawHttp2 implements RawLink {
  #stream: ClientHttp2Stream | null = null;
  #left = Number.POSITIVE_INFINITY;
  #isRead = true;
  readonly #answers: Promise<RawAnswer>[] = [];

  private constructor(private readonly session: ClientHttp2Session) {
    session.on('error', () => undefined);
  }

  static async open(url: string): Promise<RawHttp2> {
    const session = connect(url);
    await once(session, 'connect');
    return new RawHttp2(session);
  }

  get wire(): ClientHttp2Stream {
    if (!this.#stream) throw new Error('No request has been made yet');
    return this.#stream;
  }

  async head(method: string, target: string, headers: RawHeaders): Promise<void> {
    const own = Object.entries(headers).filter(([name]) => !OF_CONNECTIONS.includes(name));
    const pseudo = { ':method': method, ':path': target };
    const isChunked = 'transfer-encoding' in headers;
    this.#left = isChunked ? Number.POSITIVE_INFINITY : Number(headers['content-length'] ?? 0);
    const endStream = this.#left === 0;
    const fields = own.map(([name, value]) => [name, Array.isArray(value) ? value : String(value)]);
    const all = { ...pseudo, ...Object.fromEntries(fields) } as Record<string, string>;
    const stream = this.session.request(all, { endStream });
    this.#stream = stream;
    const isContinued = headers['expect'] === '100-continue';
    if (isContinued)
      this.#answers.push(once(stream, 'continue').then(() => rawAnswer(100, {}, '')));
    const answer = answerOf(stream, this.#isRead);
    answer.catch(() => undefined);
    this.#answers.push(answer);
    // It is sent in the next turn, and the server is to have it before what follows.
    if (stream.pending) await once(stream, 'ready');
  }

  async write(bytes: string | Uint8Array): Promise<void> {
    const { wire } = this;
    await writeAll(wire, bytes);
    this.#left -= Buffer.byteLength(bytes);
    if (this.#left <= 0) wire.end();
  }

  async writePieces(pieces: readonly Uint8Array[]): Promise<void> {
    const written: Promise<void>[] = [];
    for (const bytes of pieces) {
      if (bytes.length > 0) written.push(this.write(bytes));
      else this.wire.end();
    }
    await Promise.all(written);
  }

  async answer(): Promise<RawAnswer> {
    const next = this.#answers.shift();
    if (!next) throw new Error('No request has been made yet');
    return next;
  }

  /** To be called before the request is made. */
  async readNothing(): Promise<void> {
    this.#isRead = false;
    while (!this.#stream) await new Promise((resolve) => setImmediate(resolve));
    await once(this.#stream, 'response');
  }

  async closed(): Promise<void> {
    if (!this.wire.closed) await once(this.wire, 'close');
  }

  destroy(): void {
    this.session.destroy();
  }
}

async function answerOf(stream: ClientHttp2Stream, isRead: boolean): Promise<RawAnswer> {
  return new Promise((resolve, reject) => {
    let status = 0;
    let fields: RawAnswer['headers'] = {};
    const parts: Buffer[] = [];
    stream.once('response', ({ ':status': code = 0, ...headers }) => {
      status = code;
      const pairs = Object.entries(headers).map(([name, value]) => [name, String(value)]);
      fields = Object.fromEntries(pairs) as RawAnswer['headers'];
    });
    if (isRead) stream.on('data', (part: Buffer) => parts.push(part));
    stream.once('end', () => {
      if (status > 0) resolve(rawAnswer(status, fields, Buffer.concat(parts).toString()));
    });
    stream.once('error', reject);
    stream.once('close', () => reject(new Error(`Reset (${stream.rstCode}) before the answer`)));
  });
}
