import { execFile } from 'node:child_process';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { MIB } from '../support/chunk-request.js';
import { type TestDatabase, createDatabase } from '../support/database.js';
import { ResumingUpload, detail } from '../support/resuming-upload.js';
import { ServerProcess } from '../support/server-process.js';

const run = promisify(execFile);
const ROOM = 16 * MIB;

let folder: string;
let database: TestDatabase;
let mounted = false;

beforeAll(async () => {
  database = await createDatabase();
  folder = await mkdtemp(join(tmpdir(), 'small-disk-'));
  mounted = await run('mount', ['-t', 'tmpfs', '-o', `size=${ROOM}`, 'tmpfs', folder]).then(
    () => true,
    () => false,
  );
});

afterAll(async () => {
  if (mounted) await run('umount', ['--lazy', folder]);
  await rm(folder, { recursive: true, force: true });
  await database.drop();
});

it('answers 507 on a full disk, keeps what was written, and goes on when there is room', async (context) => {
  if (!mounted) context.skip('needs the right to mount a small disk: run it as root');
  const server = await ServerProcess.start({ databaseUrl: database.url, dataDir: folder });
  try {
    const upload = ResumingUpload.ofSize(12 * MIB);
    expect((await upload.sendNext(server.url, 2 * MIB)).status).toBe(200);
    const ballast = join(folder, 'ballast');
    await writeFile(ballast, Buffer.alloc(ROOM - 6 * MIB));

    const refused = await upload.sendRest(server.url);
    expect(refused.status).toBe(507);
    expect(detail(refused)).toBe('The storage is full');
    const kept = await upload.ask(server.url);
    expect(kept).toBeGreaterThan(2 * MIB);
    expect(kept).toBeLessThanOrEqual(6 * MIB);
    expect((await upload.sendRest(server.url)).status).toBe(507);
    expect((await ResumingUpload.ofSize(8 * MIB).sendRest(server.url)).status).toBe(507);

    await rm(ballast);
    expect(await upload.finish(server.url)).toEqual({ equal: true });
  } finally {
    await server.stop();
  }
});
