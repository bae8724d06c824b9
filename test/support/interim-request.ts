import { once } from 'node:events';
import { type ClientRequest, type IncomingMessage, request as requestHttp1 } from 'node:http';
import { type ClientHttp2Session, type ClientHttp2Stream, connect } from 'node:http2';
import { speaksHttp2 } from './http2-fetch.js';

export interface InterimAnswer {
  readonly status: number;
  readonly headers: Readonly<Record<string, string>>;
}

export interface FinalAnswer extends InterimAnswer {
  readonly text: string;
  /** Undefined where the text is no JSON. */
  readonly json: Record<string, unknown> | undefined;
}

const MOST_AT_ONCE = 1024 * 1024;

type Headers = Readonly<Record<string, string>>;

/** A request whose interim answers (1xx) are seen, over HTTP/1 or, where the host speaks that, HTTP/2. */
export class InterimRequest {
  /** Those that have come so far. */
  readonly interim: InterimAnswer[] = [];
  /** Null: the connection, or the stream, broke before there was one. */
  readonly answer: Promise<FinalAnswer | null>;
  readonly #wire: ClientRequest | ClientHttp2Stream;
  #session: ClientHttp2Session | null = null;

  constructor(method: string, url: string, headers: Headers = {}) {
    if (speaksHttp2(url)) {
      const { origin, pathname, search } = new URL(url);
      this.#session = connect(origin);
      this.#session.on('error', () => undefined);
      const fields = { ':method': method, ':path': pathname + search, ...headers };
      const stream = this.#session.request(fields, { endStream: false });
      this.answer = this.#answerOf2(stream);
      this.#wire = stream;
    } else {
      const request = requestHttp1(url, { method, headers, agent: false });
      request.flushHeaders();
      this.answer = this.#answerOf1(request);
      this.#wire = request;
    }
  }

  /** Its headers and the whole body. */
  static async send(
    method: string,
    url: string,
    headers: Headers = {},
    body: Uint8Array | null = null,
  ): Promise<FinalAnswer & { readonly interim: readonly InterimAnswer[] }> {
    const length: Headers = { 'content-length': String(body?.length ?? 0) };
    const sent = new InterimRequest(method, url, { ...length, ...headers });
    await sent.#writeAll(body ?? new Uint8Array(0));
    const answer = await sent.answer;
    if (!answer) throw new Error(`${method} ${url} was not answered`);
    return { ...answer, interim: sent.interim };
  }

  /** Sends bytes of the body, and waits until they have left. */
  async write(bytes: Uint8Array): Promise<void> {
    if (!this.#wire.write(bytes)) await once(this.#wire, 'drain').catch(() => undefined);
  }

  /** In pieces: Node's own client takes no interim answer while it holds more than 10 MB to be sent. */
  async #writeAll(bytes: Uint8Array): Promise<void> {
    for (let at = 0; at < bytes.length; at += MOST_AT_ONCE) {
      if (this.#wire.destroyed) return;
      const written = this.write(bytes.subarray(at, at + MOST_AT_ONCE));
      await Promise.race([written, this.answer]);
    }
    this.end();
  }

  end(bytes?: Uint8Array): void {
    this.#wire.end(bytes);
  }

  /** Breaks it off. */
  cut(): void {
    this.#wire.destroy();
    this.#session?.destroy();
  }

  #answerOf1(request: ClientRequest): Promise<FinalAnswer | null> {
    request.on('information', ({ statusCode, headers }) => {
      this.interim.push({ status: statusCode, headers: plain(headers) });
    });
    return new Promise((resolve) => {
      request.once('response', (response: IncomingMessage) => {
        const parts: Buffer[] = [];
        response.on('data', (part: Buffer) => parts.push(part));
        response.once('error', () => resolve(null));
        response.once('end', () => {
          resolve(finalAnswer(response.statusCode ?? 0, plain(response.headers), parts));
        });
      });
      request.on('error', () => resolve(null));
      request.once('close', () => resolve(null));
    });
  }

  #answerOf2(stream: ClientHttp2Stream): Promise<FinalAnswer | null> {
    const parts: Buffer[] = [];
    let head: InterimAnswer | null = null;
    stream.on('headers', (headers) => {
      this.interim.push({ status: headers[':status'] ?? 0, headers: plain(headers) });
    });
    return new Promise((resolve) => {
      stream.once('response', (headers) => {
        head = { status: headers[':status'] ?? 0, headers: plain(headers) };
      });
      stream.on('data', (part: Buffer) => parts.push(part));
      stream.once('end', () => {
        resolve(head && finalAnswer(head.status, head.headers, parts));
        this.#session?.close();
      });
      stream.on('error', () => resolve(null));
      stream.once('close', () => {
        resolve(null);
        this.#session?.close();
      });
    });
  }
}

function finalAnswer(
  status: number,
  headers: Readonly<Record<string, string>>,
  parts: readonly Buffer[],
): FinalAnswer {
  const text = Buffer.concat(parts).toString();
  return { status, headers, text, json: jsonOf(text) };
}

function jsonOf(text: string): Record<string, unknown> | undefined {
  try {
    return JSON.parse(text) as Record<string, unknown>;
  } catch {
    return undefined;
  }
}

function plain(headers: object): Record<string, string> {
  const fields = Object.entries(headers).filter(([name]) => !name.startsWith(':'));
  return Object.fromEntries(fields.map(([name, value]) => [name, String(value)]));
}
