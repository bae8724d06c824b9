import { randomBytes } from 'node:crypto';
import { Readable } from 'node:stream';
import {
  DetailedError,
  type PreviousUpload,
  Upload,
  type UploadOptions,
  type UrlStorage,
} from 'tus-js-client';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { BadNetwork } from '../support/bad-network.js';
import { type Cluster, startCluster } from '../support/cluster.js';
import { startFilesAndNotes } from '../support/files-and-notes.js';
import type { Host } from '../support/host.js';
import { Nginx, hasNginx, nginxTitle } from '../support/nginx.js';
import { md5 } from '../support/upload-client.js';

// tus-js-client as its users have it, in Node, before the demo and on Fastify; the browser's is in
// test/browser.

const MIB = 1024 * 1024;
const SIZE = 4 * MIB + 12_345;
const CUTS = [0, 0.01, 0.2, 0.35, 0.5, 0.65, 0.8, 0.9, 0.97, 0.999].map((part) =>
  Math.round(part * SIZE),
);
const WAYS = {
  'nothing but proxy_pass': 'client_max_body_size 0; proxy_pass http://app;',
  'streaming as the documentation says':
    'client_max_body_size 0; proxy_http_version 1.1; proxy_request_buffering off; proxy_pass http://app;',
};

interface Sent {
  readonly method: string;
  readonly status: number;
}

const content = randomBytes(SIZE);

/** What its browser keeps in localStorage. */
class Remembered implements UrlStorage {
  readonly #uploads = new Map<string, PreviousUpload & { readonly print: string }>();

  async findAllUploads(): Promise<PreviousUpload[]> {
    return [...this.#uploads.values()];
  }

  async findUploadsByFingerprint(print: string): Promise<PreviousUpload[]> {
    return [...this.#uploads.values()].filter((each) => each.print === print);
  }

  async removeUpload(key: string): Promise<void> {
    this.#uploads.delete(key);
  }

  async addUpload(print: string, upload: PreviousUpload): Promise<string> {
    const urlStorageKey = String(this.#uploads.size);
    this.#uploads.set(urlStorageKey, { ...upload, urlStorageKey, print });
    return urlStorageKey;
  }
}

interface Outcome {
  readonly id: string;
  readonly upload: Upload;
  readonly sent: readonly Sent[];
}

let cluster: Cluster;
let fastify: Host;
let nginx: Nginx | null = null;

beforeAll(async () => {
  cluster = await startCluster(1);
  fastify = await startFilesAndNotes({ platform: 'fastify' });
  if (hasNginx) nginx = await Nginx.start(cluster.at(0).url, WAYS);
});
afterAll(async () => {
  await nginx?.stop();
  await fastify?.close();
  await cluster?.stop();
});

/** Sends a file, and settles as its user is told. */
class TusFile {
  readonly sent: Sent[] = [];
  readonly upload: Upload;
  readonly done: Promise<Outcome>;

  constructor(
    url: string,
    options: Partial<UploadOptions> = {},
    body: ConstructorParameters<typeof Upload>[0] = content,
    filename = 'film.bin',
  ) {
    let succeed!: () => void;
    let fail!: (error: unknown) => void;
    const settled = new Promise<void>((resolve, reject) => {
      succeed = resolve;
      fail = reject;
    });
    this.upload = new Upload(body, {
      endpoint: `${url}/uploads/files`,
      retryDelays: [100, 300, 1000, 3000],
      metadata: { filename, filetype: 'application/octet-stream' },
      onAfterResponse: (request, response) => {
        this.sent.push({ method: request.getMethod(), status: response.getStatus() });
      },
      onSuccess: () => succeed(),
      onError: fail,
      ...options,
    });
    this.done = settled.then(() => ({ id: this.id, upload: this.upload, sent: this.sent }));
    // A test may look at it later.
    this.done.catch(() => undefined);
  }

  get id(): string {
    return this.upload.url?.split('/').at(-1) ?? '';
  }

  async run(): Promise<Outcome> {
    this.upload.start();
    return this.done;
  }
}

const FASTIFY = 'to a host on Fastify';
const ways = ['directly', FASTIFY, ...(hasNginx ? Object.keys(WAYS) : [])];

describe.each(ways)(nginxTitle('tus-js-client, %s'), (way) => {
  let network: BadNetwork;
  /** Of the server itself. */
  let url: string;

  beforeEach(async () => {
    url = way === FASTIFY ? fastify.url : cluster.at(0).url;
    network = await BadNetwork.to(way in WAYS ? (nginx?.url(way) ?? '') : url);
  });
  afterEach(() => network.close());

  async function show(id: string): Promise<Record<string, unknown>> {
    const answer = await fetch(`${url}/uploads/files/${id}`);
    return (await answer.json()) as Record<string, unknown>;
  }

  async function expectStored(id: string, bytes: Buffer = content): Promise<void> {
    expect(await show(id)).toMatchObject({ status: 2, filename: 'film.bin', offset: bytes.length });
    const answer = await fetch(`${url}/uploads/files/${id}/file`);
    expect(md5(Buffer.from(await answer.arrayBuffer()))).toBe(md5(bytes));
  }

  it('sends a file in one request', async () => {
    const { id, sent } = await new TusFile(network.url).run();
    expect(sent).toEqual([
      { method: 'POST', status: 201 },
      { method: 'PATCH', status: 204 },
    ]);
    await expectStored(id);
  });

  it.each([
    ['chunks', { chunkSize: MIB }],
    ['the first bytes with the creation', { uploadDataDuringCreation: true, chunkSize: MIB }],
    ['all bytes with the creation', { uploadDataDuringCreation: true }],
    ['POST in the place of PATCH', { overridePatchMethod: true }],
    ['ids of requests', { addRequestId: true }],
  ])('sends a file with %s', async (_, options) => {
    const { id, sent } = await new TusFile(network.url, options).run();
    await expectStored(id);
    if ('overridePatchMethod' in options) {
      expect(sent.map(({ method }) => method)).toEqual(['POST', 'POST']);
    }
  });

  it('sends a stream, whose length it says at its end', async () => {
    const options = { uploadLengthDeferred: true, chunkSize: MIB };
    // Its types know those of browsers alone.
    const stream = Readable.from([content]) as never;
    const { id } = await new TusFile(network.url, options, stream).run();
    await expectStored(id);
  });

  it('sends an empty file', async () => {
    const empty = Buffer.alloc(0);
    const { id } = await new TusFile(network.url, {}, empty).run();
    await expectStored(id, empty);
  });

  it.each(CUTS)('goes on where the connection is cut after %i bytes', async (bytes) => {
    const file = new TusFile(network.url, { headers: { 'x-cut': 'yes' } });
    // What comes before the file: creation and headers.
    const cut = network.after(bytes + 1200, 'cut');
    const { id } = await file.run();
    await cut;
    await expectStored(id);
  });

  it('shows its user the words of the rule that refuses', async () => {
    const file = new TusFile(
      network.url,
      { endpoint: `${network.url}/uploads/notes` },
      content.subarray(0, 500),
      'a.exe',
    );
    const error: unknown = await file.run().catch((reason: unknown) => reason);
    expect(error).toBeInstanceOf(DetailedError);
    const { originalResponse, message } = error as DetailedError;
    expect(originalResponse?.getStatus()).toBe(400);
    expect(JSON.parse(originalResponse?.getBody() ?? '')).toMatchObject({
      detail: { file: [expect.stringContaining('exe')] },
    });
    expect(message).toContain('exe');
    expect(file.sent).toHaveLength(1);
  });

  it('sends nothing of a file that is there', async () => {
    const urlStorage = new Remembered();
    const remembered = { urlStorage, fingerprint: () => Promise.resolve(`print-${way}`) };
    const { id } = await new TusFile(network.url, remembered).run();
    const again = new TusFile(network.url, remembered);
    const [previous] = await again.upload.findPreviousUploads();
    again.upload.resumeFromPreviousUpload(previous!);
    const { id: same, sent } = await again.run();
    expect(same).toBe(id);
    expect(sent).toEqual([{ method: 'HEAD', status: 200 }]);
  });

  it('begins anew where that file has been removed', async () => {
    const urlStorage = new Remembered();
    const remembered = { urlStorage, fingerprint: () => Promise.resolve(`gone-${way}`) };
    const { id } = await new TusFile(network.url, remembered).run();
    await fetch(`${url}/uploads/files/${id}`, { method: 'DELETE' });
    const again = new TusFile(network.url, remembered);
    const [previous] = await again.upload.findPreviousUploads();
    again.upload.resumeFromPreviousUpload(previous!);
    const { id: other } = await again.run();
    expect(other).not.toBe(id);
    await expectStored(other);
  });

  it('pauses, and goes on', async () => {
    const file = new TusFile(network.url, { chunkSize: MIB });
    const held = network.after(2.5 * MIB, 'hold');
    file.upload.start();
    await held;
    await file.upload.abort();
    network.release();
    network.cut();
    file.upload.start();
    const { id, sent } = await file.done;
    await expectStored(id);
    expect(sent).toContainEqual({ method: 'HEAD', status: 200 });
  });

  it('gives up, and nothing is left', async () => {
    const file = new TusFile(network.url, { chunkSize: MIB });
    const held = network.after(2.5 * MIB, 'hold');
    file.upload.start();
    await held;
    const { id } = file;
    expect(await show(id)).toMatchObject({ status: 1 });
    network.release();
    await file.upload.abort(true);
    await expect.poll(() => show(id)).toMatchObject({ detail: 'Not found.' });
  });
});
