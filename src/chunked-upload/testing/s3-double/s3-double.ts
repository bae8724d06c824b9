import { randomUUID } from 'node:crypto';
import { once } from 'node:events';
import { type IncomingMessage, type Server, type ServerResponse, createServer } from 'node:http';
import { type S3Fault, type S3FaultOptions, S3PlannedFault } from './faults.js';
import { type S3Mode, S3_MODES } from './modes.js';
import { failure } from './operations/answers.js';
import { perform } from './operations/index.js';
import { beginPart, failPart } from './operations/multipart.js';
import { checkDigests, checkFraming, receiveBody } from './receive-body.js';
import { operationOf } from './routes.js';
import type {
  S3Answer,
  S3Call,
  S3Hook,
  S3LogEntry,
  S3Operation,
  S3Outcome,
  S3Rules,
  S3Stored,
} from './s3-double.types.js';
import { S3Error } from './s3-error.js';
import { verifySignature } from './signature.js';
import { Store } from './store.js';

/** In bytes of UTF-8. */
const LONGEST_KEY = 1024;

export interface S3DoubleOptions {
  /** The store that it behaves like. Default: `aws`. */
  readonly mode?: S3Mode;
  /** What differs from that. */
  readonly rules?: Partial<S3Rules>;
  /** Buckets that are there from the beginning. Default: `uploads`. */
  readonly buckets?: readonly string[];
  /** Entries of a page of any listing, at most. Default: 1000. */
  readonly pageSize?: number;
  /** Bytes that it keeps, at most, in memory: beyond that it answers 507. Default: 1 GiB. */
  readonly capacity?: number;
  /** Of 127.0.0.1. Default: one that is free. */
  readonly port?: number;
}

/**
 * An S3 store for tests: a server on 127.0.0.1 that keeps everything in memory, is as strict as the
 * strictest store that it can be told to behave like, and fails when it is told to.
 *
 * Buckets are named in the path (`forcePathStyle`). Signatures are verified; `Content-Length` is
 * demanded and `Content-MD5` checked; aws-chunked framing, `Expect`, and headers and parameters that
 * not every store takes, such as those of checksums, are answered with 501.
 */
export class S3Double {
  readonly region = 'us-east-1';
  readonly credentials = { accessKeyId: 'S3DOUBLE', secretAccessKey: 's3-double-secret' };
  /** All requests since the beginning, or since `log.length = 0`. */
  readonly log: S3LogEntry[] = [];
  readonly #hooks: { readonly operation: S3Operation | '*'; readonly hook: S3Hook }[] = [];

  private constructor(
    readonly endpoint: string,
    private readonly server: Server,
    private readonly store: Store,
  ) {
    server.on('request', (request, response) => void this.#serve(request, response));
  }

  static async start(options: S3DoubleOptions = {}): Promise<S3Double> {
    const { mode = 'aws', rules, pageSize = 1000, capacity = 1024 ** 3, port = 0 } = options;
    const store = new Store({ ...S3_MODES[mode], ...rules }, pageSize, capacity);
    for (const bucket of options.buckets ?? ['uploads']) store.buckets.set(bucket, new Map());
    const server = createServer({ keepAliveTimeout: 60_000, requestTimeout: 0 });
    server.listen(port, '127.0.0.1');
    await once(server, 'listening');
    const address = server.address();
    if (address === null || typeof address === 'string') throw new Error('There is no free port');
    return new S3Double(`http://127.0.0.1:${address.port}`, server, store);
  }

  get rules(): S3Rules {
    return this.store.rules;
  }

  /** Cuts all connections. */
  async close(): Promise<void> {
    const closed = once(this.server, 'close');
    this.server.close();
    this.server.closeAllConnections();
    await closed;
  }

  /** Time goes on by so many milliseconds: uploads vanish, presigned URLs expire. */
  turnClock(ms: number): void {
    this.store.turnClock(ms);
  }

  /** From now on `hook` stands before each of these requests; the returned function ends that. */
  on(operation: S3Operation | '*', hook: S3Hook): () => void {
    const entry = { operation, hook };
    this.#hooks.push(entry);
    return () => {
      const place = this.#hooks.indexOf(entry);
      if (place >= 0) this.#hooks.splice(place, 1);
    };
  }

  /** Lets requests go wrong from now on: without options the next one of the operation. */
  inject(operation: S3Operation | '*', fault: S3Fault, options?: S3FaultOptions): S3PlannedFault {
    const planned = new S3PlannedFault(fault, options);
    this.on(operation, planned.hook);
    return planned;
  }

  /** All that is kept in a bucket, whatever the listings of its mode show. */
  stored(bucket: string): S3Stored[] {
    return this.store.stored(bucket);
  }

  /** Forgets all objects and uploads, but not the buckets. */
  clear(): void {
    this.store.clear();
  }

  /** Nothing goes wrong any more; what hangs goes on hanging until it is released. */
  removeHooks(): void {
    this.#hooks.length = 0;
  }

  async #serve(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const entry: LogSlot = { logged: null };
    let answer: S3Outcome;
    try {
      answer = await this.#answer(request, entry);
    } catch (error) {
      answer = failure(asS3Error(error));
      // A client that is answered while it sends may not see the answer.
      await receiveBody(request, () => undefined);
    }
    if (!answer || response.destroyed) {
      response.destroy();
      return;
    }
    if (entry.logged) {
      entry.logged.status = answer.status;
      entry.logged.code = codeOf(answer);
      entry.logged.sent = request.method === 'HEAD' ? 0 : answer.body.length;
    }
    send(request, response, answer);
  }

  async #answer(request: IncomingMessage, entry: LogSlot): Promise<S3Outcome> {
    const { method = '', headers } = request;
    const { path, query, bucket, key } = targetOf(request.url ?? '/');
    const operation = operationOf(method, key, query, headers);
    if (Buffer.byteLength(key) > LONGEST_KEY) {
      throw new S3Error(400, 'KeyTooLongError', 'Your key is too long');
    }
    const partNumber = query.get('partNumber');
    const named = {
      operation,
      bucket,
      key,
      uploadId: query.get('uploadId'),
      partNumber: partNumber === null ? null : Number(partNumber),
      headers,
    };
    const logged: S3LogEntry = { ...named, received: 0, sent: 0, status: null, code: null };
    entry.logged = logged;
    this.log.push(logged);
    const signed = { method, path, query, headers };
    const payload = verifySignature(signed, this.credentials, this.store.now);
    checkFraming(request, payload);
    if (operation === 'DeleteObjects' && headers['content-md5'] === undefined) {
      throw new S3Error(400, 'InvalidRequest', 'Missing required header: Content-MD5');
    }
    const begun = operation === 'UploadPart' ? beginPart(this.store, named) : null;
    const body = await receiveBody(request, (bytes) => {
      logged.received += bytes;
    });
    if (!body) {
      if (begun) failPart(this.store, named, begun);
      return null;
    }
    checkDigests(request, payload, body);
    const call: S3Call = { ...named, query, body };
    // Through all hooks: the first of them is the outermost.
    const hooks = this.#hooks.filter((each) => ['*', operation].includes(each.operation));
    return hooks.reduceRight<() => Promise<S3Outcome>>(
      (inner, { hook }) =>
        () =>
          hook(call, inner),
      async () => perform(this.store, call, begun),
    )();
  }
}

interface LogSlot {
  logged: S3LogEntry | null;
}

/** A hook may throw one of its own; anything else is a mistake in a test, which should see it. */
function asS3Error(error: unknown): S3Error {
  if (error instanceof S3Error) return error;
  const message = error instanceof Error ? (error.stack ?? error.message) : String(error);
  return new S3Error(500, 'InternalError', message);
}

function targetOf(url: string) {
  const [path = '/', search = ''] = url.split(/\?(.*)/s);
  const [, bucket = '', key = ''] = /^\/([^/]*)\/?(.*)$/s.exec(decodeURIComponent(path)) ?? [];
  if (bucket === '') throw S3Error.notImplemented('A request without a bucket in its path');
  return { path, query: new URLSearchParams(search), bucket, key };
}

function send(request: IncomingMessage, response: ServerResponse, answer: S3Answer): void {
  const { status, headers, body } = answer;
  const isEmpty = request.method === 'HEAD' || status === 204;
  response.writeHead(status, {
    'x-amz-request-id': randomUUID(),
    ...(isEmpty ? {} : { 'content-length': String(body.length) }),
    ...headers,
  });
  if (!isEmpty) for (const piece of body.pieces) response.write(piece);
  response.end();
}

function codeOf({ headers, body }: S3Answer): string | null {
  if (headers['content-type'] !== 'application/xml') return null;
  return /<Error><Code>(\w+)</.exec(body.toString())?.[1] ?? null;
}
