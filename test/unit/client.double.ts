import { createHash, randomUUID } from 'node:crypto';
import { once } from 'node:events';
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import { type AddressInfo } from 'node:net';
import { type KeyValueStorage, type Representation } from '../../src/client/index.js';

/** What a request met instead of the right answer. */
export type Fault = (request: IncomingMessage, response: ServerResponse) => Promise<void> | void;

interface Stored {
  record: Representation;
  bytes: Buffer;
}

/** The protocol as far as the client needs it, in memory, with faults where a test wants them. */
export class UploadServerDouble {
  readonly uploads = new Map<string, Stored>();
  /** Every request, as `PUT /uploads bytes 0-9/20`. */
  readonly log: string[] = [];
  /** Tried before the right answer; the first one that is not `null` takes its place. */
  fault: (line: string, request: IncomingMessage) => Fault | null = () => null;
  /** Whether callers may list their uploads: the anonymous have none. */
  lists = true;
  private server: Server | undefined;

  async start(): Promise<string> {
    this.server = createServer((request, response) => void this.answer(request, response));
    this.server.listen(0, '127.0.0.1');
    await once(this.server, 'listening');
    return `http://127.0.0.1:${(this.server.address() as AddressInfo).port}/uploads`;
  }

  async stop(): Promise<void> {
    this.server?.closeAllConnections();
    this.server?.close();
    if (this.server) await once(this.server, 'close');
  }

  /** The only upload there is. */
  get only(): Stored {
    const [stored, ...others] = this.uploads.values();
    if (!stored || others.length > 0) throw new Error(`${this.uploads.size} uploads instead of 1`);
    return stored;
  }

  /** Takes the first `length` bytes of the chunk, then cuts the connection. */
  cutAfter(length: number): Fault {
    return async (request) => {
      const url = new URL(request.url ?? '', 'http://double');
      const body: Buffer[] = [];
      for await (const piece of request) {
        body.push(piece as Buffer);
        if (Buffer.concat(body).length >= length) break;
      }
      this.store(url, request, Buffer.concat(body).subarray(0, length));
      request.socket.destroy();
    };
  }

  /** Answers with a status and a body. */
  refuse(status: number, body: unknown = {}, headers: Record<string, string> = {}): Fault {
    return (request, response) => {
      request.resume();
      response.writeHead(status, headers).end(JSON.stringify(body));
    };
  }

  private async answer(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const url = new URL(request.url ?? '', 'http://double');
    const range = request.headers['content-range'] ?? '';
    const line = `${request.method} ${url.pathname} ${range}`.trim();
    this.log.push(line);
    try {
      await (this.fault(line, request) ?? ((...both) => this.serve(url, ...both)))(
        request,
        response,
      );
    } catch {
      response.destroy(); // The client went away.
    }
  }

  private async serve(url: URL, request: IncomingMessage, response: ServerResponse): Promise<void> {
    const id = url.pathname.split('/')[2];
    const stored = this.uploads.get(id ?? '');
    if (id && !stored) return this.refuse(404, { detail: 'Not found.' })(request, response);
    const body = await readAll(request);
    const reply = (answer: unknown): void => void response.end(JSON.stringify(answer));
    switch (request.method) {
      case 'HEAD':
        return void response.setHeader('Upload-Offset', stored?.record.offset ?? 0).end();
      case 'GET':
        return reply(stored ? stored.record : this.lists ? this.records() : []);
      case 'DELETE':
        this.uploads.delete(id ?? '');
        return void response.writeHead(204).end();
      case 'PUT': {
        const refusal = this.refusalOf(stored, request);
        return refusal
          ? this.refuse(400, refusal)(request, response)
          : reply(this.store(url, request, body));
      }
      default:
        return stored
          ? this.complete(stored, body, request, response)
          : reply(this.whole(url, body));
    }
  }

  private refusalOf(stored: Stored | undefined, request: IncomingMessage): object | null {
    if (!stored) return null;
    const [begin] = /\d+/.exec(request.headers['content-range'] ?? '') ?? [];
    const { offset, status } = stored.record;
    if (status === 2) return { detail: 'Upload has already been marked as "complete"' };
    return Number(begin) === offset
      ? null
      : { detail: 'Offsets do not match', expected_offset: offset };
  }

  private records(): Representation[] {
    return [...this.uploads.values()].map(({ record }) => record);
  }

  private store(url: URL, request: IncomingMessage, body: Buffer): unknown {
    const [, begin, , total] =
      /(\d+)-(\d+)\/(\d+)/.exec(request.headers['content-range'] ?? '') ?? [];
    const id = url.pathname.split('/')[2];
    const stored = this.uploads.get(id ?? '') ?? this.begin(url, Number(total));
    if (Number(begin) !== stored.record.offset) throw new Error('Offsets do not match');
    return this.append(stored, body);
  }

  private begin(url: URL, total: number): Stored {
    const record: Representation = {
      id: randomUUID(),
      url: 'http://wrong.invalid/behind/a/proxy',
      file: null,
      filename: url.searchParams.get('filename') ?? '',
      offset: 0,
      total,
      status: 1,
      creator: null,
      owner_type: url.searchParams.get('owner_type'),
      owner_id: url.searchParams.get('owner_id'),
      created_at: new Date().toISOString(),
      completed_at: null,
      expires: null,
      expires_at: null,
    };
    const stored = { record, bytes: Buffer.alloc(0) };
    this.uploads.set(record.id, stored);
    return stored;
  }

  private append(stored: Stored, body: Buffer): Representation {
    stored.bytes = Buffer.concat([stored.bytes, body]);
    stored.record = { ...stored.record, offset: stored.bytes.length };
    return stored.record;
  }

  private whole(url: URL, body: Buffer): Representation {
    const stored = this.begin(url, body.length);
    stored.record = { ...this.append(stored, body), status: 2 };
    return stored.record;
  }

  private complete(
    stored: Stored,
    body: Buffer,
    request: IncomingMessage,
    response: ServerResponse,
  ): void {
    const { md5 } = JSON.parse(body.toString()) as { md5?: string };
    if (md5 !== createHash('md5').update(stored.bytes).digest('hex')) {
      return void this.refuse(400, { detail: 'md5 checksum does not match' })(request, response);
    }
    stored.record = { ...stored.record, status: 2, file: 'http://double/file' };
    response.end(JSON.stringify(stored.record));
  }
}

/** What `localStorage` is in a page. */
export class MemoryStorage implements KeyValueStorage {
  private readonly items = new Map<string, string>();
  get length(): number {
    return this.items.size;
  }
  key = (index: number): string | null => [...this.items.keys()][index] ?? null;
  getItem = (key: string): string | null => this.items.get(key) ?? null;
  setItem = (key: string, value: string): void => void this.items.set(key, value);
  removeItem = (key: string): void => void this.items.delete(key);
}

async function readAll(request: IncomingMessage): Promise<Buffer> {
  const body: Buffer[] = [];
  for await (const piece of request) body.push(piece as Buffer);
  return Buffer.concat(body);
}
