import { createHash } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import { Agent, type ClientRequest, request as httpRequest } from 'node:http';
import { setTimeout as sleep } from 'node:timers/promises';
import { type Answer, type ChunkWire, type Cut, openWire } from './chunk-wire.js';
import { until } from './waiting.js';

export { type Answer, answerOf } from './chunk-wire.js';

export const KIB = 1024;
export const MIB = 1024 * KIB;
/** Where the demo, and `host-process.mjs`, take files. */
export const FILES = '/uploads/files';
const BOUNDARY = 'a-boundary-that-is-in-no-file';

export interface Representation {
  readonly id: string;
  readonly offset: number;
  readonly total: number | null;
  readonly status: number;
}

export interface Sending {
  /** One of the demo's users; null: anonymous. Default: alice. */
  readonly user?: string | null;
  readonly headers?: Record<string, string>;
  readonly body?: Uint8Array;
  readonly agent?: Agent | false;
}

/** The usual client: one request at a time on a connection that stays open. */
export const keptOpen = (): Agent => new Agent({ keepAlive: true, maxSockets: 1 });

/** One whole request. Throws where the connection ends without an answer. */
export async function send(method: string, url: string, sending: Sending = {}): Promise<Answer> {
  const { body = Buffer.alloc(0), headers } = sending;
  const length = { 'content-length': String(body.length) };
  const wire = openWire(
    method,
    url,
    headersOf({ ...sending, headers: { ...length, ...headers } }),
    sending.agent ?? false,
  );
  wire.end(body);
  return wire.answer;
}

export function open(method: string, url: string, sending: Sending = {}): ClientRequest {
  return httpRequest(url, { method, agent: sending.agent ?? false, headers: headersOf(sending) });
}

function headersOf({ user = 'alice', headers }: Sending): Record<string, string> {
  return { ...(user === null ? {} : { authorization: basic(user) }), ...headers };
}

export function json(answer: Answer): Record<string, unknown> {
  return JSON.parse(answer.bytes.toString()) as Record<string, unknown>;
}

export function representation(answer: Answer): Representation {
  if (answer.status !== 200) throw new Error(`${answer.status}: ${answer.bytes.toString()}`);
  return JSON.parse(answer.bytes.toString()) as Representation;
}

/** What a client asks before it goes on, and again while a writer has not ended, on a slow disk. */
export async function headOffset(url: string, user: string | null = 'alice'): Promise<number> {
  let offset = Number.NaN;
  await until('the writer before has ended', async () => {
    const { status, headers } = await send('HEAD', url, { user });
    if (status === 423) return false;
    if (status !== 200) throw new Error(`HEAD ${url}: ${status}`);
    offset = Number(headers['upload-offset']);
    return true;
  });
  return offset;
}

export interface Chunk {
  /** Null: the first chunk of a new upload. */
  readonly id: string | null;
  readonly start: number;
  readonly length: number;
  /** Null: not known yet. */
  readonly total: number | null;
  readonly multipart?: boolean;
  readonly method?: 'PUT' | 'POST';
}

/** A chunk that is sent piece by piece, and perhaps not to its end. */
export class ChunkRequest {
  /** Null where the connection ended without one. */
  readonly answer: Promise<Answer | null>;
  readonly #wire: ChunkWire;
  readonly #tail: Buffer;
  #head: Buffer;

  constructor(base: string, chunk: Chunk, sending: Sending = {}) {
    const { id, start, length, total, multipart = false, method = 'PUT' } = chunk;
    this.#head = multipart ? Buffer.from(partHead()) : Buffer.alloc(0);
    this.#tail = multipart ? Buffer.from(`\r\n--${BOUNDARY}--\r\n`) : Buffer.alloc(0);
    const url = base + FILES + (id === null ? '?filename=a.bin' : `/${id}`);
    const headers = {
      'content-range': `bytes ${start}-${start + length - 1}/${total ?? '*'}`,
      'content-type': multipart
        ? `multipart/form-data; boundary=${BOUNDARY}`
        : 'application/octet-stream',
      'content-length': String(this.#head.length + length + this.#tail.length),
      ...sending.headers,
    };
    this.#wire = openWire(method, url, headersOf({ ...sending, headers }), sending.agent ?? false);
    this.answer = this.#wire.answer.catch(() => null);
  }

  /** Resolves when the kernel has the bytes; also where the connection is gone. */
  async send(bytes: Uint8Array): Promise<void> {
    const all = this.#head.length > 0 ? Buffer.concat([this.#head, bytes]) : bytes;
    this.#head = Buffer.alloc(0);
    await new Promise<void>((resolve) => this.#wire.write(all, resolve));
  }

  /** Sends what makes the body whole, after all its bytes have been sent. */
  async finish(): Promise<Answer | null> {
    this.#wire.end(Buffer.concat([this.#head, this.#tail]));
    return this.answer;
  }

  /** Waits until the server has taken all that was sent out of its socket. */
  async taken(): Promise<void> {
    // Twice: what goes from one end's queue to the other's while they are looked at is in neither.
    for (let empty = 0; empty < 2;) {
      empty = (await queued(this.#wire.localPort)) > 0 ? 0 : empty + 1;
      if (empty === 0) await sleep(2);
    }
  }

  get isGone(): boolean {
    return this.#wire.isGone;
  }

  async connected(): Promise<void> {
    await this.#wire.connecting;
  }

  cut(how: Cut): void {
    this.#wire.cut(how);
  }

  /** Ends the connection as a client does that is closed. */
  fin(): void {
    this.cut('fin');
  }

  /** Ends the connection as a machine does that knows nothing of it. */
  reset(): void {
    this.cut('reset');
  }

  drop(): void {
    this.cut('dropped');
  }
}

/** One chunk as a whole. */
export async function sendChunk(
  base: string,
  chunk: Omit<Chunk, 'length'>,
  bytes: Uint8Array,
  sending: Sending = {},
): Promise<Answer> {
  const request = new ChunkRequest(base, { ...chunk, length: bytes.length }, sending);
  void request.send(bytes);
  const answer = await request.finish();
  if (!answer) throw new Error('The connection ended without an answer');
  return answer;
}

/** Bytes on the way between the two ends of a connection of this machine. */
async function queued(clientPort: number): Promise<number> {
  const hexPort = clientPort.toString(16).toUpperCase().padStart(4, '0');
  let bytes = 0;
  for (const table of ['/proc/net/tcp', '/proc/net/tcp6']) {
    for (const line of (await readFile(table, 'utf8')).split('\n').slice(1)) {
      const [, local = '', remote = '', , queues = ''] = line.trim().split(/\s+/);
      if (!local.endsWith(`:${hexPort}`) && !remote.endsWith(`:${hexPort}`)) continue;
      for (const queue of queues.split(':')) bytes += Number.parseInt(queue, 16);
    }
  }
  return bytes;
}

export function md5(bytes: Uint8Array): string {
  return createHash('md5').update(bytes).digest('hex');
}

function partHead(): string {
  return (
    `--${BOUNDARY}\r\nContent-Disposition: form-data; name="file"; filename="a.bin"\r\n` +
    'Content-Type: application/octet-stream\r\n\r\n'
  );
}

function basic(user: string): string {
  return `Basic ${Buffer.from(`${user}:${user}-pw`).toString('base64')}`;
}

/** The upload that a first chunk left which was never answered; null: not even its row. */
export async function begunLast(url: string): Promise<string | null> {
  const answer = await send('GET', `${url}${FILES}?status=1`);
  const uploads = JSON.parse(answer.bytes.toString()) as { id: string }[];
  return uploads.at(-1)?.id ?? null;
}
