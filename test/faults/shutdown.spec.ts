import { randomBytes } from 'node:crypto';
import { rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { ChunkedUpload, type Representation } from 'nestjs-chunked-upload/client';
import { Client as Database } from 'pg';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import {
  ChunkRequest,
  FILES,
  KIB,
  MIB,
  json,
  representation,
  send,
} from '../support/chunk-request.js';
import { type Cluster, startCluster } from '../support/cluster.js';
import { type TestDatabase, createDatabase } from '../support/database.js';
import { expectInTime } from '../support/in-time.js';
import { RawConnection } from '../support/raw-connection.js';
import { ResumingUpload } from '../support/resuming-upload.js';
import { rounds } from '../support/rounds.js';
import { type ServerOptions, ServerProcess } from '../support/server-process.js';
import { TcpProxy } from '../support/tcp-proxy.js';
import { timed, until } from '../support/waiting.js';

/** What process managers give at the least, in milliseconds. */
const GRACE_MS = 10_000;

const alice = { authorization: `Basic ${Buffer.from('alice:alice-pw').toString('base64')}` };

const SERVERS: [string, Omit<ServerOptions, 'databaseUrl'>][] = [
  ['the demo', {}],
  ['a host on Express', { program: 'host' }],
  ['a host on Fastify', { program: 'host', host: { platform: 'fastify' } }],
];

describe.each(SERVERS)('SIGTERM for %s under 20 running uploads', (_name, options) => {
  const isForced = options.host?.platform === 'fastify';
  const FIRST = 10 * KIB;
  const CHUNK = 16 * MIB;
  const PIECE = 16 * KIB;
  const PAUSE_MS = 20;
  let server: ServerProcess;
  let database: TestDatabase;

  beforeAll(async () => {
    database = await createDatabase();
    server = await ServerProcess.start({ ...options, databaseUrl: database.url });
  });

  afterAll(async () => {
    await server?.stop();
    await database?.drop();
  });

  /** A chunk that pauses at 1 MiB, and goes on coming until it is answered, or its connection ends. */
  class Sender {
    sent = 0;
    #ended = false;
    goOn!: () => void;
    readonly #goesOn = new Promise<void>((resolve) => {
      this.goOn = resolve;
    });

    constructor(
      readonly upload: ResumingUpload,
      readonly request: ChunkRequest,
      readonly begin: number,
    ) {
      void request.answer.then(() => {
        this.#ended = true;
      });
    }

    async run(): Promise<void> {
      for (let at = this.begin; !this.#ended && at < this.upload.bytes.length; at += PIECE) {
        await this.request.send(this.upload.bytes.subarray(at, at + PIECE));
        this.sent += PIECE;
        if (this.sent === MIB) await this.#goesOn;
        await sleep(PAUSE_MS);
      }
      this.request.drop();
    }
  }

  const list = async (): Promise<Representation[]> =>
    json(await send('GET', server.url + FILES)) as unknown as Representation[];

  it('keeps what has arrived, and ends the process in time', async () => {
    const { length: before } = await list();
    const bytes = randomBytes(FIRST + CHUNK);
    const senders = await Promise.all(
      Array.from({ length: 20 }, async (_, n) => {
        const upload = new ResumingUpload(bytes);
        const isFirst = n % 4 >= 2;
        if (!isFirst) representation(await upload.sendNext(server.url, FIRST));
        const { id, offset: start } = upload;
        const at = { id, start, length: bytes.length - start, total: bytes.length };
        const chunk = { ...at, multipart: n % 2 === 1 };
        return new Sender(upload, new ChunkRequest(server.url, chunk), start);
      }),
    );
    const running = senders.map((sender) => sender.run());
    await until('each has sent 1 MiB', () => senders.every(({ sent }) => sent >= MIB));

    await Promise.all(senders.map(({ request }) => request.taken()));
    const arrived = senders.reduce((sum, { begin, sent }) => sum + begin + sent, 0);
    for (const sender of senders) sender.goOn();
    const { result: code, ms } = await timed(() => server.terminate());

    expect(code, server.output).toBe(0);
    await Promise.all(running);
    for (const { request } of senders) {
      const answer = await request.answer;
      // Connections that are closed by force may take it with them.
      if (answer || !isForced)
        expect(answer).toMatchObject({ status: 503, headers: { 'retry-after': '2' } });
    }

    await server.launch();
    const listed = await list();
    expect(listed).toHaveLength(before + 20);
    // A client that never learnt an id finds the upload in its list.
    const named = new Set(senders.map(({ upload }) => upload.id));
    const unnamed = listed.filter(({ id }) => !named.has(id));
    for (const { upload } of senders) upload.id ??= unnamed.pop()?.id ?? null;
    const offsets = await Promise.all(senders.map(({ upload }) => upload.ask(server.url)));

    expect(offsets.reduce((sum, offset) => sum + offset, 0)).toBeGreaterThanOrEqual(arrived * 0.99);
    // The state of each checksum belongs to the bytes that were kept.
    for (const { upload } of senders.slice(0, 4)) {
      expect(await upload.finish(server.url)).toEqual({ equal: true });
    }
    expectInTime(ms, GRACE_MS);
  });
});

describe('SIGTERM while', () => {
  let server: ServerProcess;
  let database: TestDatabase;
  let client: Database;

  beforeAll(async () => {
    database = await createDatabase();
    client = new Database({ connectionString: database.url });
    await client.connect();
    await client.query('CREATE TABLE completions (upload_id uuid)');
    const host = { onCompleteMs: 0 };
    server = await ServerProcess.start({ program: 'host', databaseUrl: database.url, host });
  });

  afterAll(async () => {
    await client?.end();
    await server?.stop();
    await database?.drop();
  });

  it('an upload completes: it does, once; others are refused meanwhile, and told so', async () => {
    const upload = ResumingUpload.ofSize(100 * KIB);
    const other = ResumingUpload.ofSize(100 * KIB);
    representation(await upload.sendRest(server.url));
    representation(await other.sendNext(server.url, 10 * KIB));
    const hold = join(server.dataDir, 'hold');
    await writeFile(hold, '');
    const completing = upload.complete(server.url);
    await until('onComplete runs', () => server.output.includes(`completing ${upload.id}`));
    const exit = server.terminate();

    await until('it takes no more', async () => {
      return (await other.sendNext(server.url, 1)).status === 503;
    });
    // Over a connection that a client would use again.
    const connection = await RawConnection.open(server.url);
    await connection.head('PUT', other.path(), {
      ...alice,
      'content-type': 'application/octet-stream',
      'content-range': `bytes ${other.offset}-${other.offset}/${other.bytes.length}`,
      'content-length': 1,
    });
    await connection.write('x');
    expect(await connection.answer()).toMatchObject({
      status: 503,
      headers: { 'retry-after': '2' },
      json: { detail: 'The server is shutting down' },
    });
    await connection.closed();
    const asking = await RawConnection.open(server.url);
    await asking.head('HEAD', other.path(), alice);
    expect((await asking.answer()).headers).toMatchObject({ connection: 'close' });
    await rm(hold);
    const answer = await completing;
    expect(answer.status).toBe(200);
    expect(await exit).toBe(0);

    await server.launch();
    expect(json(await upload.complete(server.url))).toEqual(json(answer));
    const { rows } = await client.query('SELECT 1 FROM completions');
    expect(rows).toHaveLength(1);
    expect(await other.ask(server.url)).toBeGreaterThanOrEqual(10 * KIB);
  });

  it('connections are idle, or become so: they do not hold it up', async () => {
    const idle = await RawConnection.open(server.url);
    await idle.head('GET', '/none', {});
    expect((await idle.answer()).status).toBe(404);
    const upload = ResumingUpload.ofSize(MIB);
    representation(await upload.sendNext(server.url, KIB));
    // Its answer leaves this connection open, and it is idle only then.
    const busy = await RawConnection.open(server.url);
    await busy.head('PUT', upload.path(), {
      ...alice,
      'content-type': 'application/octet-stream',
      'content-range': `bytes ${KIB}-${MIB - 1}/${MIB}`,
      'content-length': MIB - KIB,
    });
    await busy.write(upload.bytes.subarray(KIB, MIB / 2));
    // What it had not read yet would not have arrived.
    await until('it has written', async () => {
      return (await server.storedBytes(upload.id ?? 'none')) === MIB / 2;
    });
    const { result: code, ms } = await timed(async () => {
      const exit = server.terminate();
      expect((await busy.answer()).status).toBe(503);
      await busy.write(upload.bytes.subarray(MIB / 2));
      return exit;
    });
    expect(code).toBe(0);
    await Promise.all([idle.closed(), busy.closed()]);
    await server.launch();
    expect(await upload.ask(server.url)).toBe(MIB / 2);
    // The host keeps an idle connection for a minute.
    expectInTime(ms, GRACE_MS);
  });
});

describe('SIGTERM while a download stands still', () => {
  it('ends the demo in time', async () => {
    const database = await createDatabase();
    const server = await ServerProcess.start({ databaseUrl: database.url });
    try {
      const upload = ResumingUpload.ofSize(32 * MIB);
      expect(await upload.finish(server.url)).toEqual({ equal: true });
      await server.hasClosed(upload.id ?? 'none');
      const reader = await RawConnection.open(server.url);
      reader.socket.pause();
      await reader.head('GET', upload.path('/file'), alice);
      await until('it reads', () => server.hasOpen(upload.id ?? 'none'));
      const { result: code, ms } = await timed(() => server.terminate());
      expect(code).toBe(0);
      expectInTime(ms, GRACE_MS);
      reader.destroy();
    } finally {
      await server.stop();
      await database.drop();
    }
  });
});

describe('A rolling restart of two processes', () => {
  const CLIENTS = 4;
  const RESTARTS = rounds(20);
  let cluster: Cluster;
  let proxy: TcpProxy;

  beforeAll(async () => {
    cluster = await startCluster(2);
    proxy = await TcpProxy.to(cluster.at(0).url);
  });

  afterAll(async () => {
    await proxy?.cut();
    await cluster?.stop();
  });

  it(`costs a client no more than a retry, ${RESTARTS} times`, async () => {
    const content = randomBytes(16 * MIB + 123);
    /** Of each client, since the last restart began. */
    const retries: number[] = [];
    let most = 0;
    const files: string[] = [];
    const restarts = { left: RESTARTS };

    async function uploadOneAfterTheOther(client: number): Promise<void> {
      while (restarts.left > 0) {
        const upload = new ChunkedUpload(
          new File([content], `film-${client}-${files.length}.bin`),
          {
            endpoint: new URL(FILES, proxy.url),
            headers: alice,
            chunkSize: 2 * MIB,
            onRetry: () => {
              retries[client] = (retries[client] ?? 0) + 1;
              most = Math.max(most, retries[client]);
            },
          },
        );
        const { id } = await upload.start();
        files.push(id);
      }
    }

    const running = Array.from({ length: CLIENTS }, (_, n) => uploadOneAfterTheOther(n));
    const all = Promise.all(running);
    for (let round = 0; restarts.left > 0; round += 1) {
      const before = files.length;
      await Promise.race([all, until('uploads go on', () => files.length > before)]);
      const old = cluster.at(round);
      proxy.redirect(cluster.at(round + 1).url);
      retries.length = 0;
      expect(await old.terminate(), old.output).toBe(0);
      await old.launch();
      restarts.left -= 1;
    }
    await all;

    expect(files.length).toBeGreaterThan(RESTARTS);
    expect(most).toBe(1);
    for (const id of files) {
      const url = `${cluster.at(RESTARTS).url}${FILES}/${id}/file`;
      const { status, bytes } = await send('GET', url);
      expect(status).toBe(200);
      expect(bytes.equals(content)).toBe(true);
    }
  });
});
