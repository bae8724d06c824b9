import { randomUUID } from 'node:crypto';
import { mkdir, mkdtemp, readFile, rm, stat, unlink, utimes, writeFile } from 'node:fs/promises';
import { tmpdir, userInfo } from 'node:os';
import { dirname, join } from 'node:path';
import { Client } from 'pg';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { type CommandResult, answerCommand, pipeCommand, runCommand } from '../support/command.js';
import { type TestDatabase, createDatabase } from '../support/database.js';
import { storedFiles } from '../support/stored-files.js';

const APP = 'test/support/cli-host/app.module.mjs';
const COMMONJS = 'test/support/cli-host/app.module.cjs';
const DELETE = ['delete-expired-uploads', '--app', APP];

let database: TestDatabase;
let client: Client;
let dataDir: string;
let env: Record<string, string>;

beforeAll(async () => {
  database = await createDatabase();
  dataDir = await mkdtemp(join(tmpdir(), 'cli-'));
  env = { DATABASE_URL: database.url, DATA_DIR: dataDir, NO_COLOR: '1' };
  // The first start makes the tables.
  expect(await command(DELETE)).toMatchObject({ code: 0 });
  client = new Client({ connectionString: database.url });
  await client.connect();
});
afterAll(async () => {
  await client.end();
  await database.drop();
  await rm(dataDir, { recursive: true, force: true });
});
beforeEach(async () => {
  await client.query('TRUNCATE chunked_upload, video');
  await rm(join(dataDir, 'media'), { recursive: true, force: true });
});

const command = (args: readonly string[]) => runCommand(args, env);
const piped = (args: readonly string[], input: string | null) => pipeCommand(args, input, env);
const answered = (args: readonly string[], answers: readonly string[]) =>
  answerCommand(args, answers, env);

type State = 'expired' | 'live' | 'leased' | 'complete';

/** An upload as the library would have it, with its bytes. */
async function upload(state: State, table = 'chunked_upload', size = 100): Promise<string> {
  const id = randomUUID();
  const folder = 'chunked_uploads/2026/01/01';
  const keys = { part: `${folder}/${id}.part.bin`, done: `${folder}/${id}.done.bin` };
  const complete = state === 'complete';
  const expires = complete ? null : state === 'live' ? '1 day' : '-1 day';
  const lease = state === 'leased' ? '1 minute' : null;
  await client.query(
    `INSERT INTO ${table} (id, filename, key, final_key, "offset", total, status, creator,
        created_at, expires_at, lease_token, lease_until)
      VALUES ($1, 'a "b".bin', $2, $3, $4, 300, $5, 'ann', now(), now() + $6::interval, $7,
        now() + $8::interval)`,
    [id, keys.part, keys.done, size, complete ? 2 : 1, expires, lease && randomUUID(), lease],
  );
  await store(complete ? keys.done : keys.part, size);
  return id;
}

async function store(key: string, size = 100): Promise<void> {
  const path = join(dataDir, 'media', key);
  await mkdir(dirname(path), { recursive: true });
  await writeFile(path, Buffer.alloc(size));
  const old = new Date(Date.now() - 2 * 3_600_000);
  await utimes(path, old, old);
}

async function modifiedAt(key: string): Promise<string> {
  return (await stat(join(dataDir, 'media', key))).mtime.toISOString();
}

async function records(table = 'chunked_upload'): Promise<string[]> {
  const { rows } = await client.query<{ id: string }>(`SELECT id FROM ${table}`);
  return rows.map(({ id }) => id);
}

async function storedIds(): Promise<string[]> {
  const names = await storedFiles(join(dataDir, 'media')).catch(() => []);
  return names.map((name) => name.slice(name.lastIndexOf('/') + 1, name.indexOf('.')));
}

/** What the log of the application was told. */
const logged = ({ output }: CommandResult) => output.match(/\[ChunkedUpload\] .*/g) ?? [];
const by = (command: string) => `[ChunkedUpload] ${command}: "${userInfo().username}"`;

function expectLines(result: CommandResult, ...lines: string[]): void {
  for (const line of lines) expect(result.output.split('\n')).toContain(line);
}

describe('delete-expired-uploads', () => {
  it('deletes what has expired, of all types, and nothing else', async () => {
    const kept = [await upload('live'), await upload('leased'), await upload('complete')];
    await upload('expired');
    await upload('expired');
    await upload('expired', 'video', 50);
    const result = await command(DELETE);
    expect(result).toMatchObject({ code: 0, errors: '' });
    const lines = result.output.split('\n');
    expect(lines).toEqual([
      'Processing uploads of ChunkedUpload (uploads)...',
      '2 expired uploads were deleted.',
      'That freed 200 bytes.',
      'Processing uploads of Video (media/videos)...',
      '1 expired upload was deleted.',
      'That freed 50 bytes.',
      expect.stringMatching(/^\[Nest\] .* LOG \[ChunkedUpload\] /),
      '',
    ]);
    expect(logged(result)).toEqual([
      `${by('delete-expired-uploads')} deleted 3 uploads, 250 bytes`,
    ]);
    expect((await records()).toSorted()).toEqual(kept.toSorted());
    expect((await storedIds()).toSorted()).toEqual(kept.toSorted());
    expect(await records('video')).toEqual([]);
    const second = await command(DELETE);
    expectLines(second, '0 expired uploads were deleted.');
    expect(logged(second)).toEqual([]);
  });

  it('of one type, by each of its names', async () => {
    const id = await upload('expired');
    await upload('expired', 'video');
    // A name that is none would be refused, and one of another type would be seen.
    const result = await command([...DELETE, 'Video', 'media/videos', '/Media/Videos/']);
    expect(result).toMatchObject({ code: 0 });
    expect(result.output.match(/^Processing uploads of .*/gm)).toHaveLength(1);
    expect(result.output).toContain('Processing uploads of Video (media/videos)');
    expect(result.output).not.toContain('ChunkedUpload (');
    expect(await records()).toEqual([id]);
    expect(await records('video')).toEqual([]);
  });

  it('says which types there are when it is given another', async () => {
    const id = await upload('expired');
    const { code, errors, output } = await command([...DELETE, 'Video', 'Audio']);
    expect({ code, output }).toEqual({ code: 2, output: '' });
    expect(errors).toContain(
      'There is no upload type "Audio". There are: ChunkedUpload (uploads), Video (media/videos).',
    );
    expect(await records()).toEqual([id]);
  });

  it('--keep-record keeps the records', async () => {
    const id = await upload('expired');
    const result = await command([...DELETE, '--keep-record']);
    expect(result.code).toBe(0);
    expectLines(result, '1 expired upload file was deleted.');
    expect(await records()).toEqual([id]);
    expect(logged(result)).toEqual([`${by('delete-expired-uploads')} deleted 1 file, 100 bytes`]);
    expect(await storedIds()).toEqual([]);
    const { rows } = await client.query('SELECT status FROM chunked_upload');
    expect(rows).toEqual([{ status: 3 }]);
  });

  it('--dry-run shows what would go and changes nothing', async () => {
    const id = await upload('expired');
    const result = await command([...DELETE, '--dry-run', '-i', 'ChunkedUpload']);
    expect(result.code).toBe(0);
    expect(result.output).toContain(`  ${id} "a \\"b\\".bin", 100 of 300 bytes, by "ann", expires`);
    expectLines(result, '1 expired upload would be deleted.', 'That would free 100 bytes.');
    expect(logged(result)).toEqual([]);
    expect(await storedIds()).toEqual([id]);
  });

  it('--unfinished takes the unexpired too, after a yes', async () => {
    const kept = [await upload('leased'), await upload('complete')];
    await upload('live');
    await upload('expired', 'video');
    const result = await answered([...DELETE, '--unfinished'], ['y']);
    expect(result.output).toContain(
      '2 unfinished uploads will be deleted, also those that have not expired yet. Go on? (y/n)',
    );
    expectLines(result, '1 unfinished upload was deleted.');
    expect(result.code).toBe(0);
    expect((await records()).toSorted()).toEqual(kept.toSorted());
    expect(await records('video')).toEqual([]);
  });

  it.each([[['n']], [[]], [['', 'what', 'no']]])('-u deletes nothing after %j', async (answers) => {
    const ids = [await upload('live'), await upload('expired')];
    const result = await answered([...DELETE, '-u'], answers);
    expectLines(result, 'Nothing was deleted.');
    expect(result.code).toBe(0);
    expect((await records()).toSorted()).toEqual(ids.toSorted());
  });

  it.each(['-y', '--yes'])('-u %s asks nothing', async (flag) => {
    await upload('live');
    const result = await command([...DELETE, '-u', flag]);
    expect(result.code).toBe(0);
    expect(await records()).toEqual([]);
  });

  it('-u asks nothing in a dry run', async () => {
    const id = await upload('live');
    const result = await command([...DELETE, '-u', '--dry-run']);
    expectLines(result, '1 unfinished upload would be deleted.');
    expect(await records()).toEqual([id]);
  });

  it('--interactive asks for each', async () => {
    await upload('expired');
    await upload('expired');
    await upload('live');
    const result = await answered([...DELETE, '--interactive'], ['n', 'maybe', 'y']);
    expect(result.output.match(/Do you want to delete .*\(y\/n\/a\/q\): /g)).toHaveLength(3);
    expectLines(result, '1 expired upload was deleted.');
    expect(result.code).toBe(0);
    expect(await records()).toHaveLength(2);
  });

  it('-i stops asking after an answer for all, and deletes the rest', async () => {
    for (const table of ['chunked_upload', 'chunked_upload', 'video'])
      await upload('expired', table);
    const result = await answered([...DELETE, '-i'], ['n', 'a']);
    expect(result.output.match(/Do you want/g)).toHaveLength(2);
    expect([await records(), await records('video')].flat()).toHaveLength(1);
  });

  it.each([[['y', 'q']], [['y']]])('-i ends, and keeps the rest, after %j', async (answers) => {
    for (let n = 0; n < 3; n += 1) await upload('expired');
    await upload('expired', 'video');
    const result = await answered([...DELETE, '-i'], answers);
    expect(result.output.match(/Do you want/g)).toHaveLength(2);
    expect(result.code).toBe(0);
    expect(await records()).toHaveLength(2);
    expect(await records('video')).toHaveLength(1);
  });

  it('-u takes the answer from a pipe, also behind one that is none', async () => {
    await upload('live');
    expectLines(await piped([...DELETE, '-u'], 'n\n'), 'Nothing was deleted.');
    const result = await piped([...DELETE, '-u'], 'what\ny\n');
    expect(result).toMatchObject({ code: 0, errors: '' });
    expectLines(result, '1 unfinished upload was deleted.');
    expect(await records()).toEqual([]);
  });

  it('-i takes one piped line for each question, though all come at once', async () => {
    for (let n = 0; n < 3; n += 1) await upload('expired');
    await upload('expired', 'video');
    const result = await piped([...DELETE, '-i'], 'y\nn\ny\ny');
    expect(result).toMatchObject({ code: 0, errors: '' });
    expect(result.output.match(/Do you want/g)).toHaveLength(4);
    expect(await records()).toHaveLength(1);
    expect(await records('video')).toEqual([]);
  });

  it('-i tells what it has done where the pipe ends before the questions do', async () => {
    for (let n = 0; n < 3; n += 1) await upload('expired');
    const result = await piped([...DELETE, '-i'], 'y\n');
    expect(result.code).toBe(2);
    expect(result.errors).toContain('--interactive asks questions');
    expectLines(result, '1 expired upload was deleted.');
    expect(await records()).toHaveLength(2);
  });

  it.each([
    [['-i'], '--interactive asks questions, and the input is no terminal'],
    [['-u'], '--unfinished asks before it deletes, and the input is no terminal'],
  ])('%j without anybody to answer is refused', async (flags, sentence) => {
    const id = await upload('expired');
    // As cron and systemd start it.
    for (const input of ['', null]) {
      const { code, errors } = await piped([...DELETE, ...flags], input);
      expect(code).toBe(2);
      expect(errors).toContain(sentence);
    }
    expect(await records()).toEqual([id]);
  });

  it('exits with 1 where one could not be deleted, deletes the others, and finds it again', async () => {
    const stuck = await upload('expired');
    for (let n = 0; n < 20; n += 1) await upload('expired');
    // A folder in place of the file cannot be unlinked, not even by root.
    const path = join(dataDir, 'media', `chunked_uploads/2026/01/01/${stuck}.part.bin`);
    await unlink(path);
    await mkdir(path);
    const result = await command(DELETE);
    expect(result.code).toBe(1);
    expect(result.errors).toContain(`Could not be deleted: ${stuck}`);
    expectLines(
      result,
      '20 expired uploads were deleted.',
      '1 upload could not be deleted; the next run finds them again.',
    );
    expect(logged(result)).toEqual([
      `${by('delete-expired-uploads')} deleted 20 uploads, 2,000 bytes, 1 could not be`,
    ]);
    expect(await records()).toEqual([stuck]);
    await rm(path, { recursive: true });
    expectLines(await command([...DELETE, '-k']), '1 expired upload file was deleted.');
    expect(await records()).toEqual([stuck]);
  });

  it('shares the work with another process that runs it too', async () => {
    const expired = 300;
    for (let n = 0; n < expired; n += 1) await upload('expired');
    const kept = [await upload('live'), await upload('complete')];
    const results = await Promise.all([command(DELETE), command(DELETE), command(DELETE)]);
    expect(results.map(({ code, errors }) => ({ code, errors }))).toEqual(
      results.map(() => ({ code: 0, errors: '' })),
    );
    const counts = results.map(({ output }) => Number(/^(\d+) expired/m.exec(output)?.[1]));
    expect(counts.reduce((sum, count) => sum + count)).toBe(expired);
    expect((await records()).toSorted()).toEqual(kept.toSorted());
    expect((await storedIds()).toSorted()).toEqual(kept.toSorted());
  });

  it("runs none of the application's own clean-up beside it", async () => {
    const id = await upload('expired');
    const result = await runCommand([...DELETE, '--dry-run'], { ...env, SLOW_START: '1' });
    expect(result.code).toBe(0);
    expect(await records()).toEqual([id]);
  });
});

describe('reconcile', () => {
  const RECONCILE = ['reconcile', '--app', APP];
  const lost = `chunked_uploads/2026/01/01/${randomUUID()}.part`;

  it('deletes bytes without a record', async () => {
    const kept = [await upload('live'), await upload('complete'), await upload('live', 'video')];
    await store(lost);
    const result = await command(RECONCILE);
    expect(result).toMatchObject({ code: 0, errors: '' });
    expect(result.output).toContain(`  no record: ${lost}, 100 bytes, `);
    expectLines(
      result,
      'Reconciling uploads of ChunkedUpload (uploads)...',
      '1 file without a record was deleted (100 bytes).',
      'Reconciling uploads of Video (media/videos)...',
      '0 files without a record were deleted (0 bytes).',
    );
    expect(logged(result)).toEqual([
      `${by('reconcile')} deleted 1 file without a record, 100 bytes`,
    ]);
    expect((await storedIds()).toSorted()).toEqual(kept.toSorted());
  });

  it('--dry-run deletes nothing, and counts once what lies in a folder of several types', async () => {
    await store(lost);
    const result = await command([...RECONCILE, '--dry-run']);
    expect(result.output).toBe(
      [
        'Reconciling uploads of ChunkedUpload (uploads)...',
        `  no record: ${lost}, 100 bytes, ${await modifiedAt(lost)}`,
        '1 file without a record would be deleted (100 bytes).',
        'Reconciling uploads of Video (media/videos)...',
        '0 files without a record would be deleted (0 bytes).',
        '',
      ].join('\n'),
    );
    expect(await storedIds()).toHaveLength(1);
  });

  it('--grace says how old they must be', async () => {
    await store(lost);
    expectLines(
      await command([...RECONCILE, '--grace', '3h', 'Video']),
      '0 files without a record were deleted (0 bytes).',
    );
    expectLines(
      await command([...RECONCILE, '--grace', '119m', 'Video']),
      '1 file without a record was deleted (100 bytes).',
    );
  });

  it('tells of records without bytes and exits with 1', async () => {
    const id = await upload('complete');
    await rm(join(dataDir, 'media'), { recursive: true });
    const result = await command(RECONCILE);
    expect(result.code).toBe(1);
    expectLines(
      result,
      `  no bytes: ${id}, complete, 100 bytes at chunked_uploads/2026/01/01/${id}.done.bin`,
      '1 record without bytes; nothing was changed.',
    );
    expect(await records()).toEqual([id]);
  });
});

describe('The command line', () => {
  it.each(['-h', '--help'])('%s explains it', async (flag) => {
    const { code, output } = await command([flag]);
    expect(code).toBe(0);
    for (const option of ['--app', '--interactive', '--keep-record', '--unfinished', '--dry-run']) {
      expect(output).toContain(option);
    }
  });

  it.each(['-v', '--version'])('%s says the version of the package', async (flag) => {
    const { version } = JSON.parse(await readFile('package.json', 'utf8')) as { version: string };
    expect(await command([flag])).toEqual({ code: 0, output: `${version}\n`, errors: '' });
  });

  it.each([
    [[], 'Which command? There are: delete-expired-uploads, reconcile.'],
    [['delete'], 'There is no command "delete".'],
    [['delete-expired-uploads'], '--app <file> is missing'],
    [['delete-expired-uploads', '--app', 'no/such.js'], 'there is no file'],
    [['delete-expired-uploads', '--app', 'test/e2e/cli.spec.ts'], 'compiled file'],
    [['delete-expired-uploads', '--app', 'vite.config.js', '--quick'], "'--quick'"],
    [['delete-expired-uploads', '--app', APP, '--grace', '1h'], 'no option --grace'],
    [['reconcile', '--app', APP, '-i'], 'reconcile has no option --interactive'],
    [['reconcile', '--app', APP, '--grace', 'banana'], '--grace banana is not a time'],
    [['reconcile', '--app', 'test/support/host-process.mjs/x'], 'there is no file'],
    [['reconcile', '--app', 'dist/index.js'], 'exports no Nest module'],
    [['reconcile', '--app', COMMONJS], 'exports several modules; say which by --export.'],
    [
      ['reconcile', '--app', COMMONJS, '--export', 'notAModule'],
      'There are: HelperModule, HostModule.',
    ],
    [['reconcile', '--app', COMMONJS, '--export', 'HelperModule'], 'no upload type'],
  ])('%j is wrong usage', async (args, sentence) => {
    const { code, errors, output } = await command(args);
    expect({ code, output }).toEqual({ code: 2, output: '' });
    expect(errors).toContain(sentence);
    expect(errors).toContain('Try --help.');
  });

  it('loads a CommonJS application, by the name of its module', async () => {
    await upload('expired');
    const args = ['delete-expired-uploads', '--app', COMMONJS, '--export', 'HostModule'];
    expectLines(await command(args), '1 expired upload was deleted.');
  });

  // `localhost` has several addresses, and so several errors. Which command it is does not matter yet.
  it.each([
    ['127.0.0.1', DELETE],
    ['localhost', ['reconcile', '--app', APP]],
  ])(
    'exits with 1 and one line while the database on %s is away, without a second try',
    async (name, args) => {
      const url = `postgres://nobody@${name}:1/nothing`;
      const { code, errors, output } = await runCommand(args, {
        ...env,
        DATABASE_URL: url,
        RETRY: '1',
      });
      expect({ code, output }).toEqual({ code: 1, output: '' });
      expect(errors).toMatch(
        /^Error: The database is not available: connect ECONNREFUSED [^\n]*:1\n$/,
      );
    },
  );

  it('exits with 1 and one line for a database that is not there', async () => {
    const url = Object.assign(new URL(env['DATABASE_URL'] ?? ''), { pathname: 'no_such' }).href;
    const { code, errors } = await runCommand(DELETE, { ...env, DATABASE_URL: url, RETRY: '1' });
    expect(code).toBe(1);
    expect(errors).toMatch(/^Error: The data source does not start: [^\n]*no_such[^\n]*\n$/);
  });
});
