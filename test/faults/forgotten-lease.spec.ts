import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { Client } from 'pg';
import { describe, expect, it } from 'vitest';
import { startEmbeddedPostgres } from '../../src/demo/embedded-postgres.js';
import { ChunkRequest, KIB, MIB, sendChunk } from '../support/chunk-request.js';
import { executeOn } from '../support/database.js';
import { killPostgres } from '../support/kill-postgres.js';
import { ResumingUpload } from '../support/resuming-upload.js';
import { rounds } from '../support/rounds.js';
import { ServerProcess } from '../support/server-process.js';
import { TcpProxy } from '../support/tcp-proxy.js';
import { until } from '../support/waiting.js';

const FIRST = MIB;
const SIZE = 5 * MIB;
const ROUNDS = rounds(20);

describe('A database that is killed right after a lease was taken', () => {
  it.concurrent.each(['on', 'off'])(
    'does not let a second writer in beside the first (synchronous_commit: %s)',
    async (setting) => {
      const dataDir = await mkdtemp(join(tmpdir(), 'killed-'));
      const media = await mkdtemp(join(tmpdir(), 'killed-media-'));
      let postgres = await startEmbeddedPostgres({ dataDir });
      await executeOn(postgres.url, `ALTER SYSTEM SET synchronous_commit = ${setting}`);
      await executeOn(postgres.url, 'SELECT pg_reload_conf()');
      const line = await TcpProxy.to(postgres.url);
      const options = { databaseUrl: line.url, dataDir: media, program: 'host' as const };
      const one = await ServerProcess.start(options);
      const two = await ServerProcess.start(options);
      try {
        for (let round = 0; round < ROUNDS; round += 1) {
          const upload = ResumingUpload.ofSize(SIZE);
          expect((await upload.sendNext(one.url, FIRST)).status).toBe(200);

          const rest = { id: upload.id, start: FIRST, total: SIZE };
          const writer = new ChunkRequest(one.url, { ...rest, length: SIZE - FIRST });
          void writer.send(Buffer.alloc(1, 'x'));
          await leased(postgres.url, upload.id);
          await killPostgres(dataDir);
          postgres = await startEmbeddedPostgres({ dataDir });
          line.redirect(postgres.url);

          // Both write: the first one other bytes than the file's, the second the file's.
          const other = sendChunk(two.url, rest, upload.bytes.subarray(FIRST));
          for (let sent = 0; sent < 20; sent += 1) {
            // A writer that has been refused may never get rid of it.
            void writer.send(Buffer.alloc(64 * KIB, 'x'));
            await sleep(25);
          }
          const { status } = await other;
          writer.drop();
          expect([200, 423, 503]).toContain(status);
          if (status === 200) {
            expect(await upload.finish(two.url)).toEqual({ equal: true });
            continue;
          }
          // What the first one sent is not the file's, and was acknowledged or not: it is one
          // writer's alone.
          await until('the lease is over', async () => (await upload.ask(two.url)) >= FIRST);
        }
      } finally {
        await one.stop();
        await two.stop();
        await line.cut();
        await postgres.stop();
        await rm(dataDir, { recursive: true, force: true });
        await rm(media, { recursive: true, force: true });
      }
    },
  );
});

async function leased(url: string, id: string | null): Promise<void> {
  const client = new Client({ connectionString: url });
  client.on('error', () => undefined);
  await client.connect();
  const asked = 'SELECT 1 FROM chunked_upload WHERE id = $1 AND lease_token IS NOT NULL';
  await until('the lease is taken', async () => (await client.query(asked, [id])).rowCount === 1, {
    everyMs: 1,
  });
  await client.end();
}
