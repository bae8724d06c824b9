import { createHash } from 'node:crypto';
import type { UploadRepresentation } from 'nestjs-chunked-upload';

export interface Answer {
  readonly status: number;
  readonly headers: Headers;
  /** What was answered; text where it is no JSON. */
  readonly body: unknown;
  /** The body of an answer that shows an upload. */
  readonly upload: UploadRepresentation;
  /** What an error says. */
  readonly detail: unknown;
}

export interface SendOptions {
  /** The upload, in the path. */
  readonly id?: string;
  readonly query?: Readonly<Record<string, string>>;
  readonly headers?: Readonly<Record<string, string>>;
}

/** How the bytes go into a form. */
export interface FormOptions {
  readonly before?: Readonly<Record<string, string>>;
  readonly after?: Readonly<Record<string, string>>;
  /** The part's name; default: `file`. */
  readonly part?: string;
  readonly filename?: string;
}

export interface FileOptions extends SendOptions {
  /** The name in the query string of a raw body. */
  readonly filename?: string;
  /** As multipart/form-data in place of a raw body. */
  readonly form?: FormOptions;
}

type Body = NonNullable<Parameters<typeof fetch>[1]>['body'];

/** What the tests say to one upload type, over HTTP, as one caller. */
export class UploadClient {
  constructor(
    /** URL of the upload type, `http://host/uploads`. */
    readonly url: string,
    /** Null: anonymous. */
    readonly user: string | null = 'ann',
  ) {}

  as(user: string | null): UploadClient {
    return new UploadClient(this.url, user);
  }

  /** PUT with `Content-Range`; null: without that header. */
  put(range: string | null, bytes: Uint8Array, options: FileOptions = {}): Promise<Answer> {
    const headers: Record<string, string> = range === null ? {} : { 'content-range': range };
    return this.#sendFile('PUT', bytes, {
      ...options,
      headers: { ...headers, ...options.headers },
    });
  }

  /** The first chunk of a file of `total` bytes. */
  async begin(bytes: Uint8Array, total: number | '*', options?: FileOptions) {
    const answer = await this.put(`bytes 0-${bytes.length - 1}/${total}`, bytes, options);
    return expectOk(answer).upload;
  }

  /** A file in one chunk, complete. */
  async file(bytes: Uint8Array, options?: FileOptions) {
    const { id } = await this.begin(bytes, bytes.length, options);
    return expectOk(await this.complete(id, md5(bytes))).upload;
  }

  complete(id: string, sum: string): Promise<Answer> {
    return this.postForm({ md5: sum }, { id });
  }

  /** POST with fields, urlencoded. */
  postForm(fields: Readonly<Record<string, string>>, options: SendOptions = {}): Promise<Answer> {
    return this.send('POST', options, new URLSearchParams(fields));
  }

  postJson(value: unknown, options: SendOptions = {}): Promise<Answer> {
    const headers = { 'content-type': 'application/json', ...options.headers };
    return this.send('POST', { ...options, headers }, JSON.stringify(value));
  }

  /** A whole file in one request. */
  whole(bytes: Uint8Array, options: FileOptions = {}): Promise<Answer> {
    return this.#sendFile('POST', bytes, options);
  }

  get(id: string, options: SendOptions = {}): Promise<Answer> {
    return this.send('GET', { id, ...options });
  }

  head(id: string): Promise<Answer> {
    return this.send('HEAD', { id });
  }

  /** The offset that the server reports. */
  async offset(id: string): Promise<number> {
    return expectOk(await this.get(id)).upload.offset;
  }

  async list(query: Readonly<Record<string, string>> = {}): Promise<UploadRepresentation[]> {
    return expectOk(await this.send('GET', { query })).body as UploadRepresentation[];
  }

  /** The completed file. */
  async download(id: string, headers: Readonly<Record<string, string>> = {}, method = 'GET') {
    const response = await fetch(`${this.url}/${id}/file`, {
      method,
      headers: { ...this.identity(), ...headers },
    });
    return { status: response.status, headers: response.headers, bytes: await bytesOf(response) };
  }

  delete(id: string): Promise<Answer> {
    return this.send('DELETE', { id });
  }

  async send(method: string, options: SendOptions, body: Body = null): Promise<Answer> {
    const query = new URLSearchParams(options.query).toString();
    const path = options.id === undefined ? '' : `/${options.id}`;
    const response = await fetch(this.url + path + (query && `?${query}`), {
      method,
      headers: { ...this.identity(), ...options.headers },
      body,
    });
    const text = await response.text();
    const value: unknown = isJson(response) && text !== '' ? JSON.parse(text) : text;
    return {
      status: response.status,
      headers: response.headers,
      body: value,
      upload: value as UploadRepresentation,
      detail: (value as { detail?: unknown } | null)?.detail,
    };
  }

  #sendFile(method: string, bytes: Uint8Array, options: FileOptions): Promise<Answer> {
    if (options.form) return this.send(method, options, formOf(bytes, options.form));
    const headers = { 'content-type': 'application/octet-stream', ...options.headers };
    const { filename = options.id === undefined ? 'file.bin' : undefined } = options;
    const query = { ...(filename === undefined ? {} : { filename }), ...options.query };
    return this.send(method, { ...options, headers, query }, bytes as BufferSource);
  }

  /** Headers that say who calls. */
  protected identity(): Record<string, string> {
    return this.user === null ? {} : { 'x-user': this.user };
  }
}

export function formOf(bytes: Uint8Array, options: FormOptions = {}): FormData {
  const { before = {}, after = {}, part = 'file', filename = 'file.bin' } = options;
  const form = new FormData();
  for (const [name, value] of Object.entries(before)) form.append(name, value);
  form.append(part, new Blob([bytes as BufferSource]), filename);
  for (const [name, value] of Object.entries(after)) form.append(name, value);
  return form;
}

export function md5(bytes: Uint8Array): string {
  return createHash('md5').update(bytes).digest('hex');
}

/** Bytes that differ at each place and are the same in every run. */
export function sample(length: number, seed = 1): Buffer<ArrayBuffer> {
  const bytes = Buffer.alloc(length);
  let state = seed;
  for (let at = 0; at < length; at += 1) {
    state = (state * 1_103_515_245 + 12_345) % 2_147_483_648;
    bytes[at] = state >>> 16;
  }
  return bytes;
}

function expectOk(answer: Answer): Answer {
  if (answer.status === 200) return answer;
  throw new Error(`${answer.status} ${JSON.stringify(answer.body)}`);
}

function isJson(response: Response): boolean {
  return (response.headers.get('content-type') ?? '').startsWith('application/json');
}

async function bytesOf(response: Response): Promise<Buffer> {
  return Buffer.from(await response.arrayBuffer());
}
