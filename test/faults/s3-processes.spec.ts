import { createHash } from 'node:crypto';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { ListMultipartUploadsCommand, ListObjectsV2Command } from '@aws-sdk/client-s3';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type EmbeddedPostgres, startEmbeddedPostgres } from '../../src/demo/embedded-postgres.js';
import { sample } from '../../src/chunked-upload/testing/contract-bytes.js';
import { Ceph, cephIsMissing } from '../support/ceph.js';
import {
  type Answer,
  ChunkRequest,
  FILES,
  KIB,
  MIB,
  headOffset,
  json,
  representation,
  send,
} from '../support/chunk-request.js';
import { persist } from '../support/faults/requests.js';
import { killPostgres } from '../support/kill-postgres.js';
import { rounds } from '../support/rounds.js';
import { s3Client } from '../support/s3-client.js';
import { ServerProcess } from '../support/server-process.js';
import { TcpProxy } from '../support/tcp-proxy.js';
import { between, until } from '../support/waiting.js';

const IS_LONG = rounds(10) === 10;
/** Of all files in the long form. Else they are as long as it takes: some parts, and some more. */
const LONG_SIZE = 1024 * MIB + 5;
const MOST_AT_ONCE = MIB;
const BUCKET = 'uploads-of-two';
const PATIENCE_MS = 60_000;

/** What goes wrong, and behind which part of the file. */
type Trouble = readonly [share: number, cause: () => Promise<void>];

let ceph: Ceph;
let postgresFolder: string;
let postgres: EmbeddedPostgres;
let line: TcpProxy;
let servers: ServerProcess[] = [];

describe.skipIf(cephIsMissing !== null)(`The demo on Ceph, in two processes`, () => {
  beforeAll(async () => {
    ceph = await Ceph.start();
    postgresFolder = await mkdtemp(join(tmpdir(), 's3-processes-'));
    postgres = await startEmbeddedPostgres({ dataDir: postgresFolder });
    line = await TcpProxy.to(postgres.url);
    const { accessKeyId, secretAccessKey } = ceph.credentials;
    const env = {
      S3_ENDPOINT: ceph.endpoint,
      S3_BUCKET: BUCKET,
      S3_REGION: ceph.region,
      AWS_ACCESS_KEY_ID: accessKeyId,
      AWS_SECRET_ACCESS_KEY: secretAccessKey,
    };
    // At once, on an empty database and without a bucket.
    servers = await Promise.all(
      [0, 1].map(() => ServerProcess.start({ databaseUrl: line.url, env })),
    );
  });

  afterAll(async () => {
    await Promise.all(servers.map((server) => server.stop()));
    await line?.cut();
    await postgres?.stop();
    await ceph?.stop();
    if (postgresFolder) await rm(postgresFolder, { recursive: true, force: true });
  });

  // Of 64 KiB there are 16,384, each in its turn.
  const mostMs = (IS_LONG ? 40 : 10) * 60_000;
  it.each([
    { what: 'chunks of 64 KiB', chunk: 64 * KIB, short: 12 * MIB + 5 },
    { what: 'chunks of 1 MiB', chunk: MIB, short: 36 * MIB + 5 },
    { what: 'chunks of 6 MiB', chunk: 6 * MIB, short: 60 * MIB + 5 },
    { what: 'chunks of 8 MiB', chunk: 8 * MIB, short: 64 * MIB + 5 },
    { what: 'chunks of 100 MiB', chunk: 100 * MIB, short: 102 * MIB + 5 },
    { what: 'one request for all', chunk: Infinity, short: 102 * MIB + 5 },
  ])(
    'takes a file in $what, whatever is killed meanwhile',
    { timeout: mostMs },
    async ({ chunk, short }) => {
      const upload = new TroubledUpload(IS_LONG ? LONG_SIZE : short, chunk, [
        [0.35, () => restart(0)],
        [0.45, restartPostgres],
        [0.55, () => restart(1)],
        [0.7, restartGateway],
        [0.85, () => restart(0)],
      ]);
      await upload.send();
      await upload.complete();
      expect(await upload.downloadedMd5()).toBe(upload.md5);
      await upload.remove();
      expect(await leftInBucket()).toEqual([]);
    },
  );
});

async function restart(index: number): Promise<void> {
  await servers[index]?.kill();
  await servers[index]?.launch();
}

async function restartPostgres(): Promise<void> {
  await killPostgres(postgresFolder);
  postgres = await startEmbeddedPostgres({ dataDir: postgresFolder });
  line.redirect(postgres.url);
}

async function restartGateway(): Promise<void> {
  await ceph.killGateway();
  await ceph.startGateway();
}

/** A file whose chunks go to the two by turns, and whose client goes on whatever happens. */
class TroubledUpload {
  readonly #bytes: Buffer;
  readonly #troubles: Trouble[];
  #trouble: Promise<void> = Promise.resolve();
  #id: string | null = null;
  /** Whether it has a record. */
  #isBegun = false;
  #offset = 0;
  #turn = 0;

  constructor(
    private readonly size: number,
    private readonly chunk: number,
    troubles: readonly Trouble[],
  ) {
    this.#bytes = sample(size);
    this.#troubles = [...troubles];
  }

  get md5(): string {
    return createHash('md5').update(this.#bytes).digest('hex');
  }

  async send(): Promise<void> {
    while (this.#offset < this.size) {
      this.#turn += 1;
      const answer = await this.#sendChunk(Math.min(this.chunk, this.size - this.#offset));
      if (answer?.status === 200) {
        const { id, offset } = representation(answer);
        expect(offset).toBeGreaterThanOrEqual(this.#offset);
        this.#id = id;
        this.#offset = offset;
        continue;
      }
      // Nothing else is ever said to a client that only goes on.
      if (answer) expect([400, 423, 503]).toContain(answer.status);
      await this.#ask();
    }
    await this.#trouble;
    expect(this.#troubles).toEqual([]);
  }

  async complete(): Promise<void> {
    const body = Buffer.from(JSON.stringify({ md5: this.md5 }));
    const headers = { 'content-type': 'application/json' };
    const answer = await persist(
      'complete',
      () => send('POST', this.#url(), { headers, body }),
      PATIENCE_MS,
    );
    expect(answer.status, answer.bytes.toString()).toBe(200);
  }

  async downloadedMd5(): Promise<string> {
    const authorization = `Basic ${Buffer.from('alice:alice-pw').toString('base64')}`;
    const response = await fetch(this.#url('/file'), { headers: { authorization } });
    const hash = createHash('md5');
    for await (const bytes of response.body ?? []) hash.update(bytes);
    return hash.digest('hex');
  }

  async remove(): Promise<void> {
    const { status } = await persist('DELETE', () => send('DELETE', this.#url()), PATIENCE_MS);
    expect(status).toBe(204);
  }

  #url(suffix = ''): string {
    return `${this.#base}${FILES}/${this.#id}${suffix}`;
  }

  get #base(): string {
    return servers[this.#turn % servers.length]?.url ?? '';
  }

  async #sendChunk(length: number): Promise<Answer | null> {
    const [id, start] = [this.#id, this.#offset];
    this.#isBegun = id !== null;
    const request = new ChunkRequest(this.#base, { id, start, length, total: this.size });
    for (let at = start; at < start + length && !request.isGone; at += MOST_AT_ONCE) {
      await this.#makeTrouble(at);
      const end = Math.min(at + MOST_AT_ONCE, start + length);
      await Promise.race([request.send(this.#bytes.subarray(at, end)), request.answer]);
    }
    return request.finish();
  }

  /** At a random moment soon, beside what goes on, but when the trouble before is over. */
  async #makeTrouble(offset: number): Promise<void> {
    const [next] = this.#troubles;
    if (!next || offset < next[0] * this.size) return;
    this.#troubles.shift();
    await this.#trouble;
    if (!this.#isBegun) await isBegun(this.#base);
    this.#isBegun = true;
    this.#trouble = sleep(between(0, 100)).then(next[1]);
  }

  /** Where to go on: what was acknowledged is there. */
  async #ask(): Promise<void> {
    await until(
      'one of the two says where to go on',
      async () => {
        this.#turn += 1;
        try {
          this.#id ??= await begunLast(this.#base);
          if (this.#id === null) return true;
          const offset = await headOffset(this.#url());
          expect(offset).toBeGreaterThanOrEqual(this.#offset);
          this.#offset = offset;
          return true;
        } catch (error) {
          if (error instanceof Error && error.name === 'AssertionError') throw error;
          return false;
        }
      },
      { everyMs: 100 },
    );
  }
}

/** What has no record when everything is killed is left to the reconciliation. */
async function isBegun(base: string): Promise<void> {
  const isKnown = () =>
    begunLast(base).then(
      (id) => id !== null,
      () => false,
    );
  await until('the upload has a record', isKnown);
}

/** The unfinished upload of this user; null: there is none. */
async function begunLast(base: string): Promise<string | null> {
  const answer = await send('GET', `${base}${FILES}?status=1`);
  if (answer.status !== 200) throw new Error(`${answer.status}: ${answer.bytes.toString()}`);
  const uploads = json(answer) as unknown as { id: string }[];
  return uploads.at(-1)?.id ?? null;
}

async function leftInBucket(): Promise<unknown[]> {
  const client = s3Client(ceph);
  const { Contents = [] } = await client.send(new ListObjectsV2Command({ Bucket: BUCKET }));
  const { Uploads = [] } = await client.send(new ListMultipartUploadsCommand({ Bucket: BUCKET }));
  client.destroy();
  return [...Contents, ...Uploads].map(({ Key }) => Key);
}
