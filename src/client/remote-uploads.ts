import { type Endpoint, type Query } from './endpoint.js';
import { isRepresentation, type Representation } from './representation.js';
import { headersFrom, type HeaderSource, mergedHeaders } from './request-headers.js';
import { delayAfter, jittered, sleep } from './retry.js';
import {
  type Credentials,
  type Transport,
  type TransportRequest,
  type TransportResponse,
} from './transport.js';
import { UploadError } from './upload-error.js';

/** A contiguous range of a file: from `begin` up to the byte before `end`. */
export interface Chunk {
  readonly body: Blob;
  readonly begin: number;
  readonly end: number;
  /** Size of the whole file. */
  readonly total: number;
}

/** What all requests of an upload have in common. */
export interface Connection {
  readonly endpoint: Endpoint;
  readonly headers: HeaderSource;
  readonly credentials: Credentials;
  /** Milliseconds; 0: never. */
  readonly stallTimeout: number;
  readonly transport: Transport;
}

/** How one request is watched. */
export interface Watch {
  readonly signal: AbortSignal;
  /** Told how many bytes of the body are on their way. */
  readonly onSent?: (bytes: number) => void;
}

/** The caller's unfinished uploads, at a time of the server's clock. */
export interface Listing {
  readonly uploads: readonly Representation[];
  /** Milliseconds since 1970 by the server's clock; `null` where the page may not see it. */
  readonly serverTime: number | null;
}

type Call = Pick<TransportRequest, 'method' | 'url' | 'body'> & {
  readonly headers?: Readonly<Record<string, string>>;
  /** Whether the server may take as long as it likes to answer. */
  readonly patient?: boolean;
};

const BYTES = 'application/octet-stream';

/** Milliseconds between the requests to an upload that is locked: together about as long as storing may take. */
const LOCKED_DELAYS = [250, 500, 1_000, 2_000, 4_000, 8_000];

/** Milliseconds; a server that asks to wait longer has other reasons. */
const LONGEST_LOCK = 8_000;

/**
 * The uploads of one type on the server: one method for each request of the protocol.
 * Every method throws an `UploadError` for anything but a 2xx, and the signal's reason once it
 * is aborted.
 */
export class RemoteUploads {
  constructor(private readonly connection: Connection) {}

  /** The first chunk. */
  begin(chunk: Chunk, query: Query, watch: Watch): Promise<Representation> {
    return this.put(this.connection.endpoint.list(query), chunk, watch);
  }

  /** A further chunk. */
  append(id: string, chunk: Chunk, watch: Watch): Promise<Representation> {
    return this.put(this.connection.endpoint.upload(id), chunk, watch);
  }

  /** Verifies and finishes; repeatable. Resolves with what the server's completion answers. */
  async complete(
    id: string,
    sum: Readonly<Record<string, string>>,
    watch: Watch,
  ): Promise<unknown> {
    const url = this.connection.endpoint.upload(id);
    const headers = { 'Content-Type': 'application/json' };
    const body = JSON.stringify(sum);
    const call = { method: 'POST', url, headers, body, patient: true } as const;
    const answer = this.json(await this.send(call, watch));
    if (isRepresentation(answer) && answer.id === id && answer.status === 1)
      throw this.redirected();
    return answer;
  }

  /** A whole file in one request: the only way for an empty one, which has no range. */
  async sendWhole(body: Blob, query: Query, watch: Watch): Promise<unknown> {
    const url = this.connection.endpoint.list(query);
    const headers = { 'Content-Type': BYTES };
    const call = { method: 'POST', url, headers, body, patient: true } as const;
    const response = await this.send(call, watch);
    const answer = this.json(response);
    // That of `onComplete` may be a list as well.
    const isListing = Array.isArray(answer) && answer.every(isRepresentation);
    if (isListing && (response.redirected ?? answer.length > 0)) throw this.redirected();
    return answer;
  }

  /** How many bytes the server holds. */
  async offsetOf(id: string, watch: Watch): Promise<number> {
    const url = this.connection.endpoint.upload(id);
    const { headers } = await this.send({ method: 'HEAD', url }, watch);
    const offset = headers.get('upload-offset');
    if (offset !== null) return asOffset(Number(offset));
    // A page of another origin sees only the headers that the server exposes.
    return asOffset((await this.findOne(id, watch)).offset);
  }

  async findOne(id: string, watch: Watch): Promise<Representation> {
    const url = this.connection.endpoint.upload(id);
    return this.representation(await this.send({ method: 'GET', url }, watch));
  }

  async listUnfinished(watch: Watch): Promise<Listing> {
    const url = this.connection.endpoint.list({ status: 1 });
    const response = await this.send({ method: 'GET', url }, watch);
    const uploads = this.json(response);
    const date = response.headers.get('date');
    return {
      uploads: Array.isArray(uploads) ? uploads.filter(isRepresentation) : [],
      serverTime: date === null ? null : Date.parse(date),
    };
  }

  /**
   * Removes the upload and its bytes, unless it is complete; one that is already gone is no error.
   *
   * @param total size of the whole file
   * @returns `kept`: it is complete
   * @throws UploadError `unavailable` also while a request is completing it
   */
  async discard(id: string, total: number, watch: Watch): Promise<'kept' | 'removed'> {
    try {
      const offset = await onceFree(() => this.offsetOf(id, watch), watch);
      if (offset === total && (await this.isComplete(id, total, watch))) return 'kept';
      const url = this.connection.endpoint.upload(id);
      await onceFree(() => this.send({ method: 'DELETE', url }, watch), watch);
    } catch (error) {
      if (!(error instanceof UploadError && error.code === 'gone')) throw error;
    }
    return 'removed';
  }

  /**
   * Of an upload whose bytes are all there. Asked by a chunk that fits nowhere: a `GET` would say
   * incomplete while a completing request runs, whose sender may have lost its connection; a chunk
   * waits for that one, or is told to come again.
   */
  private async isComplete(id: string, total: number, watch: Watch): Promise<boolean> {
    const chunk = { body: new Blob(['\0']), begin: 0, end: 1, total };
    try {
      await this.append(id, chunk, watch);
      return false;
    } catch (error) {
      if (error instanceof UploadError && error.code === 'offset-mismatch') {
        return error.saysComplete;
      }
      throw error;
    }
  }

  private async put(url: string, chunk: Chunk, watch: Watch): Promise<Representation> {
    const headers = {
      'Content-Type': BYTES,
      'Content-Range': `bytes ${chunk.begin}-${chunk.end - 1}/${chunk.total}`,
    };
    const response = await this.send({ method: 'PUT', url, headers, body: chunk.body }, watch);
    return this.representation(response);
  }

  private json({ text }: TransportResponse): unknown {
    if (text === '') return null;
    try {
      return JSON.parse(text) as unknown;
    } catch (cause) {
      throw new UploadError('protocol', `The answer is not JSON. ${this.doubt}`, { cause });
    }
  }

  private representation(response: TransportResponse): Representation {
    const upload = this.json(response);
    if (isRepresentation(upload)) return upload;
    throw UploadError.protocol(`The response has neither id nor offset. ${this.doubt}`);
  }

  /** A POST that is redirected becomes a GET, which tells what there is and has done nothing. */
  private redirected(): UploadError {
    const { origin, pathname } = new URL(this.connection.endpoint.toString());
    return UploadError.protocol(
      `The request was redirected and did not arrive. Use the address that ${origin}${pathname} leads to.`,
    );
  }

  /** What such an answer mostly comes from. */
  private get doubt(): string {
    const { origin, pathname } = new URL(this.connection.endpoint.toString());
    return `Is ${origin}${pathname} where uploads are?`;
  }

  private async send(call: Call, { signal, onSent }: Watch): Promise<TransportResponse> {
    const { credentials, headers, stallTimeout, transport } = this.connection;
    const own = await headersFrom(headers);
    signal.throwIfAborted();
    const all = mergedHeaders(own, call.headers ?? {});
    const response = await transport({
      ...call,
      headers: all,
      credentials,
      signal,
      stallTimeout: call.patient ? 0 : stallTimeout,
      ...(onSent ? { onSent } : {}),
    }).catch((error: unknown) => {
      signal.throwIfAborted();
      throw UploadError.network(error);
    });
    if (response.status < 200 || response.status > 299) throw UploadError.fromResponse(response);
    return response;
  }
}

/**
 * Asks again while the upload is locked: the server may need some seconds to store what came of a chunk
 * that was broken off.
 */
async function onceFree<T>(ask: () => Promise<T>, { signal }: Watch): Promise<T> {
  for (let failures = 0; ; failures += 1) {
    try {
      return await ask();
    } catch (error) {
      const delay = delayAfter(failures, LOCKED_DELAYS);
      if (!(error instanceof UploadError && error.status === 423 && delay)) throw error;
      const wait = jittered(delay, error.retryAfter);
      if (wait > LONGEST_LOCK) throw error;
      await sleep(wait, signal);
    }
  }
}

function asOffset(value: number): number {
  if (Number.isSafeInteger(value) && value >= 0) return value;
  throw UploadError.protocol('The server did not send the offset of the upload.');
}
