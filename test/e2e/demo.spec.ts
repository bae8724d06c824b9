import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type TestDatabase, createDatabase } from '../support/database.js';
import { runCommand } from '../support/command.js';
import { curl } from '../support/curl.js';
import { RawConnection } from '../support/raw-connection.js';
import { ServerProcess } from '../support/server-process.js';
import { type Answer, UploadClient, md5, sample } from '../support/upload-client.js';
import { until } from '../support/waiting.js';

let database: TestDatabase;
let demo: ServerProcess;
let dataDir: string;
const file = sample(300);

beforeAll(async () => {
  database = await createDatabase();
  dataDir = await mkdtemp(join(tmpdir(), 'demo-'));
  demo = await ServerProcess.start({ databaseUrl: database.url, dataDir });
});
afterAll(async () => {
  await demo.stop();
  await database.drop();
  await rm(dataDir, { recursive: true });
});

const uploads = (type: string) => new UploadClient(`${demo.url}/uploads/${type}`, null);
const as = (user: string, password = `${user}-pw`) => ({
  authorization: `Basic ${Buffer.from(`${user}:${password}`).toString('base64')}`,
});

it('The command works on the demo', async () => {
  const args = ['delete-expired-uploads', '--app', 'dist/demo/app.module.js', '--dry-run'];
  const env = { DATABASE_URL: database.url, DATA_DIR: dataDir };
  const { code, output } = await runCommand(args, env);
  expect(output).toContain('Processing uploads of FileUpload (uploads/files)...');
  expect(code).toBe(0);
  const without = await runCommand(args, { DATABASE_URL: '' });
  expect(without.errors).toContain('Set DATABASE_URL');
  expect(without.code).not.toBe(0);
});

describe('The demo', () => {
  it('prints its address once it answers', () => {
    expect(demo.output).toContain(`http://localhost:${demo.port}`);
  });

  it('answers /health', async () => {
    const response = await fetch(`${demo.url}/health`);
    expect(response.status).toBe(200);
  });

  it('shows its page at /', async () => {
    const response = await fetch(`${demo.url}/`);
    expect(response.status).toBe(200);
    expect(response.headers.get('content-type')).toMatch(/^text\/html/);
  });
});

describe('Its users', () => {
  it.each(['alice', 'bob', 'admin'])('%s begins, completes and reads an upload', async (user) => {
    const files = uploads('files');
    const headers = as(user);
    const { id, creator } = await files.begin(file, 300, { headers });
    expect(creator).toBe(user);
    const completed = await files.postForm({ md5: md5(file) }, { id, headers });
    expect(completed).toMatchObject({ status: 200, body: { status: 2 } });
    expect((await files.download(id, headers)).bytes).toEqual(file);
    expect((await files.get(id)).status).toBe(404);
  });

  it('are anonymous without credentials', async () => {
    const { creator } = await uploads('files').begin(file, 300);
    expect(creator).toBeNull();
  });

  it.each([
    ['a wrong password', as('alice', 'wrong')],
    ['an empty password', as('alice', '')],
    ['no such user', as('mallory')],
    ['the name of a property', as('constructor', '')],
    ['another scheme', { authorization: 'Bearer x' }],
    ['no base64', { authorization: 'Basic ???' }],
    ['nothing after the scheme', { authorization: 'Basic' }],
  ])('are 401 with %s', async (_, headers) => {
    const files = uploads('files');
    const answers = [
      await files.put('bytes 0-299/300', file, { headers }),
      await files.send('GET', { headers }),
    ];
    for (const answer of answers) {
      expect(answer).toMatchObject({ status: 401, body: { detail: expect.any(String) } });
      expect(answer.headers.get('www-authenticate')).toMatch(/^Basic /);
    }
  });
});

describe('Its upload types', () => {
  it('take at most 52428800 bytes of a video', async () => {
    const videos = uploads('videos');
    const options = { filename: 'film.mp4', headers: { 'content-type': 'video/mp4' } };
    const answer = await videos.put('bytes 0-299/52428801', file, options);
    expect(answer).toMatchObject({
      status: 400,
      body: { detail: 'Size of file exceeds the limit (52428800 bytes)' },
    });
  });

  it('take 10 to 1000 bytes of a note', async () => {
    const notes = uploads('notes');
    const options = { filename: 'note.txt', headers: { 'content-type': 'text/plain' } };
    const large = await notes.put('bytes 0-299/1001', file, options);
    expect(large.detail).toBe('Size of file exceeds the limit (1000 bytes)');
    const small = await notes.put('bytes 0-8/9', file.subarray(0, 9), options);
    expect(small).toMatchObject({ status: 400, body: { detail: { file: [expect.any(String)] } } });
    const good = Buffer.from('A note of more than ten bytes');
    const query = { md5: md5(good) };
    expect((await notes.whole(good, { ...options, query })).status).toBe(200);
  });

  it('take files of any size, and each type has a table of its own', async () => {
    const { id, total } = await uploads('files').begin(file, 100 * 1024 ** 4);
    expect(total).toBe(100 * 1024 ** 4);
    expect((await uploads('videos').get(id)).status).toBe(404);
    expect((await uploads('notes').get(id)).status).toBe(404);
  });
});

describe('Its rules', () => {
  it('take MP4 alone as a video, by name and by content', async () => {
    const mp4 = Buffer.concat([
      Buffer.from('\0\0\0\x18ftypisom\0\0\x02\0isomiso2', 'latin1'),
      file,
    ]);
    const send = (bytes: Buffer, filename: string) =>
      uploads('videos').whole(bytes, { filename, query: { md5: md5(bytes) } });
    expect((await send(mp4, 'film.mp4')).status).toBe(200);
    for (const [bytes, name] of [
      [mp4, 'film.avi'],
      [file, 'film.mp4'],
      [Buffer.from('<!doctype html><script>1</script>'), 'film.mp4'],
    ] as const) {
      const answer = await send(bytes, name);
      expect(answer).toMatchObject({ status: 400, detail: { file: [expect.any(String)] } });
    }
  });

  it('take png and txt as notes', async () => {
    const send = (filename: string) => uploads('notes').put('bytes 0-299/300', file, { filename });
    expect((await send('a.txt')).status).toBe(200);
    expect((await send('a.PNG')).status).toBe(200);
    expect((await send('a.exe')).status).toBe(400);
  });
});

describe('A large file that curl sends as a form', () => {
  it('is told the type of bytes, and does not meet a parser', async () => {
    const path = join(dataDir, 'large.bin');
    await writeFile(path, sample(500_000));
    const range = ['-X', 'PUT', '-H', 'Content-Range: bytes 0-499999/500000'];
    const url = `${demo.url}/uploads/files?filename=large.bin`;
    const { status, body } = await curl(url, ...range, '--data-binary', `@${path}`);
    expect(status).toBe(400);
    expect(body.detail).toContain('"Content-Type: application/octet-stream"');
    const type = ['-H', 'Content-Type: application/octet-stream'];
    const taken = await curl(url, ...range, ...type, '--data-binary', `@${path}`);
    expect(taken).toMatchObject({ status: 200, body: { offset: 500_000 } });
  });
});

describe('Its people', () => {
  const people = (id: string | number, method = 'GET', headers = {}) =>
    fetch(`${demo.url}/people/${id}`, { method, headers });

  it('have uploads, and take them with them', async () => {
    const owner = { owner_type: 'person', owner_id: '3' };
    const headers = as('alice');
    const begun = await uploads('files').begin(file, 300, { query: owner, headers });
    expect(begun).toMatchObject(owner);
    const shown = (await (await people(3)).json()) as { uploads: object[] };
    expect(shown).toEqual({ id: 3, name: 'Edsger', uploads: [begun] });
    expect((await people(3, 'DELETE')).status).toBe(401);
    expect((await people(3, 'DELETE', headers)).status).toBe(403);
    expect((await uploads('files').get(begun.id, { headers })).status).toBe(200);
    expect((await people(3, 'DELETE', as('admin'))).status).toBe(204);
    expect((await people(3)).status).toBe(404);
    expect((await uploads('files').get(begun.id, { headers })).status).toBe(404);
  });

  it('show nobody but admin what names an anonymous upload, under way or complete', async () => {
    const query = { owner_type: 'person', owner_id: '1' };
    const anonymous = uploads('files');
    const begun = await anonymous.begin(file.subarray(0, 100), 300, { query });
    const complete = await anonymous.file(file, { query });
    const ofBob = await anonymous.begin(file, 300, { query, headers: as('bob') });
    for (const headers of [{}, as('alice'), as('bob')]) {
      const text = await (await people(1, 'GET', headers)).text();
      for (const { id } of [begun, complete]) expect(text).not.toContain(id);
      const nameless = { id: null, url: null, file: null };
      expect(JSON.parse(text)).toEqual({
        id: 1,
        name: 'Ada',
        uploads: [{ ...begun, ...nameless }, { ...complete, ...nameless }, ofBob],
      });
    }
    const shown = (await (await people(1, 'GET', as('admin'))).json()) as { uploads: object[] };
    expect(shown.uploads).toEqual([begun, complete, ofBob]);
  });

  it.each(['4', 'abc', '99999999999999999999', '-1', '1.5', '1e0', "1'"])(
    'do not include %j',
    async (id) => {
      expect((await people(encodeURIComponent(id))).status).toBe(404);
      const query = { owner_type: 'person', owner_id: id };
      const answer = await uploads('files').put('bytes 0-299/300', file, { query });
      expect(answer).toMatchObject({ status: 400, detail: { owner_id: [expect.any(String)] } });
    },
  );

  it('own files alone', async () => {
    const query = { owner_type: 'person', owner_id: '1' };
    const options = { query, filename: 'a.txt' };
    const answer = await uploads('notes').put('bytes 0-299/300', file, options);
    expect(answer).toMatchObject({ status: 400, detail: { owner_type: [expect.any(String)] } });
  });
});

describe('Its admin page', () => {
  const url = (path = '') => `${demo.url}/admin/uploads${path}`;

  it('asks who is anonymous for a name, and lets only admin in', async () => {
    const anonymous = await fetch(url());
    expect(anonymous.status).toBe(401);
    expect(anonymous.headers.get('www-authenticate')).toMatch(/^Basic /);
    for (const path of ['', '/assets/page.js', '/api/uploads']) {
      expect((await fetch(url(path), { headers: as('bob') })).status).toBe(403);
      expect((await fetch(url(path), { headers: as('admin') })).status).toBe(200);
    }
  });

  it('is no part of the OpenAPI document', async () => {
    const document = (await (await fetch(`${demo.url}/api-json`)).json()) as { paths: object };
    expect(Object.keys(document.paths)).toContain('/uploads/files');
    expect(Object.keys(document.paths).filter((path) => path.startsWith('/admin'))).toEqual([]);
  });

  it('shows all upload types', async () => {
    const response = await fetch(url('/api/types'), { headers: as('admin') });
    const types = ['uploads/files', 'uploads/videos', 'uploads/notes'];
    expect(await response.json()).toMatchObject({ types });
  });
});

describe('Its errors', () => {
  const json = { 'content-type': 'application/json' };
  const requests: [string, number, () => Promise<Answer>][] = [
    ['of the module', 404, () => uploads('files').get('none')],
    ['of the router', 404, () => uploads('nothing').send('GET', {})],
    ['of a verb', 404, () => uploads('files').send('REPORT', {})],
    ['of the parser', 400, () => uploads('files').send('POST', { headers: json }, '{')],
    ['of a path', 400, () => uploads('files').get('%ZZ')],
    [
      'of a form that is too large',
      413,
      () => uploads('files').send('POST', { headers: json }, JSON.stringify('x'.repeat(200_000))),
    ],
  ];

  it.each(requests)('%s are %i with `detail`', async (_, status, request) => {
    const answer = await request();
    expect(answer).toMatchObject({ status, body: { detail: expect.any(String) } });
  });
});

describe('Its log', () => {
  it('says who did what by the admin page, one line an action', async () => {
    const ids: string[] = [];
    for (let n = 0; n < 5; n += 1) ids.push((await uploads('files').begin(file, 300)).id);
    const act = (action: string, body: object) =>
      fetch(`${demo.url}/admin/uploads/api/${action}`, {
        method: 'POST',
        headers: { ...as('admin'), 'content-type': 'application/json' },
        body: JSON.stringify(body),
      });
    const selected = ids.map((id) => ({ type: 'uploads/files', id }));
    expect((await act('delete', { uploads: selected })).status).toBe(200);
    const named = ids.map((id) => `"file.bin" ${id}`).join(', ');
    const line = `Admin: "admin" deleted 5 uploads of "uploads/files": ${named}`;
    await until('it is there', () => demo.output.includes(line));
    expect(demo.output.match(/Admin: .*/g)).toHaveLength(1);
  });

  it('says how many uploads its end ended, and how much of them is kept', async () => {
    const { id } = await uploads('files').begin(file.subarray(0, 100), 300, {
      headers: as('alice'),
    });
    const headers = {
      ...as('alice'),
      'content-range': 'bytes 100-299/300',
      'content-length': 200,
    };
    const connection = await RawConnection.put(demo.url, headers, `/uploads/files/${id}`);
    await connection.write(file.subarray(100, 150));
    await until('it has arrived', async () => (await demo.storedBytes(id)) === 150);
    await demo.stop();
    connection.destroy();
    expect(demo.output).toMatch(/Shutdown: ended 1 running upload, kept 50 bytes of what/);
    await demo.launch();
    expect((await uploads('files').get(id, { headers: as('alice') })).upload.offset).toBe(150);
  });
});

describe('A start that cannot succeed', () => {
  const start = async (env: Record<string, string>) => {
    const options = { databaseUrl: database.url, dataDir, env };
    const failure: unknown = await ServerProcess.start(options).catch((error: unknown) => error);
    return failure instanceof Error ? failure.message : 'it started';
  };

  it('for a port that is taken names PORT, in one line', async () => {
    const output = await start({ PORT: String(demo.port) });
    expect(output).toBe(
      'The server ended:\n' +
        `The port ${demo.port} is taken by another program. Set another: PORT=${demo.port + 1} npm start\n`,
    );
  });

  it.each([
    [{ PORT: 'http' }, 'PORT must be a number from 0 to 65535, such as 3000, and not "http"'],
    [{ PORT: '65536' }, 'PORT must be a number from 0 to 65535'],
    [{ S3_ENDPOINT: 'http://localhost:8333' }, 'S3_BUCKET must name the bucket at S3_ENDPOINT'],
    [
      { S3_BUCKET: 'uploads', S3_ENDPOINT: 'localhost' },
      'S3_ENDPOINT must be a URL, such as http://localhost:8333, and not "localhost"',
    ],
    [{ UPLOAD_EXPIRES_IN: 'soon' }, 'UPLOAD_EXPIRES_IN must be a duration such as 1d or 90m'],
  ])('for %j names it, in one line', async (env, sentence) => {
    const [, line, ...rest] = (await start(env)).split('\n');
    expect(line).toContain(sentence);
    expect(rest).toEqual(['']);
  });
});

describe('Started again', () => {
  it('it goes on with what was there', async () => {
    const files = uploads('files');
    const headers = as('alice');
    const { id } = await files.begin(file.subarray(0, 100), 300, { headers });
    await demo.stop();
    await demo.launch();
    const answer = await files.put('bytes 100-299/300', file.subarray(100), { id, headers });
    expect(answer).toMatchObject({ status: 200, body: { offset: 300 } });
    expect((await files.postForm({ md5: md5(file) }, { id, headers })).status).toBe(200);
    expect((await files.download(id, headers)).bytes).toEqual(file);
  });
});
