import { createHash } from 'node:crypto';
import { execFile, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, rm, stat, writeFile } from 'node:fs/promises';
import { connect } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { promisify } from 'node:util';
import { AbstractChunkedUpload, type CompletionContext } from 'nestjs-chunked-upload';
import { HttpException } from '@nestjs/common';
import { Entity } from 'typeorm';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { speaksHttp2 } from '../support/http2-fetch.js';
import { type Host, startBeside, startHost } from '../support/host.js';
import { type FinalAnswer, InterimRequest } from '../support/interim-request.js';
import { rounds } from '../support/rounds.js';
import { storedFiles } from '../support/stored-files.js';
import { UploadClient, sample } from '../support/upload-client.js';
import { until } from '../support/waiting.js';

// Resumable Uploads for HTTP, draft-ietf-httpbis-resumable-upload-11, section by section: what it says
// that a server MUST or SHOULD do. Older drafts, as far as clients speak them, at the end.

const MIB = 1024 * 1024;
const PARTIAL = { 'content-type': 'application/partial-upload' };
const V8 = { 'upload-draft-interop-version': '8' };
const PROBLEMS = 'https://iana.org/assignments/http-problem-types#';
const PROTOCOLS = ['content-range', 'resumable-http'] as const;

@Entity()
class Limited extends AbstractChunkedUpload {}

@Entity()
class Hooked extends AbstractChunkedUpload {}

type Headers = Readonly<Record<string, string>>;

let host: Host;
let origin: string;
let url: string;
let ann: UploadClient;
/** What `onComplete` of the type `hooked` does next. */
let onComplete: (upload: AbstractChunkedUpload, context: CompletionContext) => unknown;

beforeAll(async () => {
  host = await startHost({
    upload: { protocols: PROTOCOLS },
    types: [
      {
        path: 'limited',
        entity: Limited,
        minBytes: 10,
        maxBytes: 1000,
        allowedExtensions: ['txt'],
      },
      {
        path: 'hooked',
        entity: Hooked,
        onComplete: (upload, context) => onComplete(upload, context),
      },
    ],
  });
  origin = host.url;
  url = `${origin}/uploads`;
  ann = new UploadClient(url);
});
afterAll(() => host?.close());

function ask(method: string, target: string, headers: Headers = {}, body?: Uint8Array) {
  return InterimRequest.send(method, target, { 'x-user': 'ann', ...V8, ...headers }, body);
}

function create(headers: Headers, body?: Uint8Array, { type = 'uploads', name = 'a.txt' } = {}) {
  return ask('POST', `${origin}/${type}?filename=${name}`, headers, body);
}

function append(location: string, headers: Headers, body?: Uint8Array) {
  return ask('PATCH', origin + location, { ...PARTIAL, ...headers }, body);
}

/** An upload of which so many bytes have come. */
async function begun(bytes: Uint8Array, length?: number): Promise<string> {
  const said: Headers = length === undefined ? {} : { 'upload-length': String(length) };
  const { status, headers } = await create({ 'upload-complete': '?0', ...said }, bytes);
  expect(status).toBe(201);
  return headers['location'] ?? '';
}

/** As a client that does not say its version. */
function unmarked(method: string, target: string, headers: Headers = {}, body?: Uint8Array) {
  return InterimRequest.send(method, origin + target, { 'x-user': 'ann', ...headers }, body);
}

async function head(location: string): Promise<FinalAnswer> {
  return ask('HEAD', origin + location);
}

async function stored(location: string): Promise<Buffer> {
  const answer = await fetch(`${origin}${location}/file`, { headers: { 'x-user': 'ann' } });
  expect(answer.status).toBe(200);
  return Buffer.from(await answer.arrayBuffer());
}

const file = sample(300);
const first = file.subarray(0, 100);
const rest = file.subarray(100);

describe('4.1.1 Offset', () => {
  it('is acknowledged, and does not decrease', async () => {
    const location = await begun(first);
    expect((await head(location)).headers).toMatchObject({ 'upload-offset': '100' });
    await append(location, { 'upload-complete': '?0', 'upload-offset': '50' }, first);
    expect((await head(location)).headers).toMatchObject({ 'upload-offset': '100' });
  });

  it.each(['', '-1', '1.0', '"100"', '1000000000000000', '100, 100'])(
    'MUST be ignored where it is %j',
    async (offset) => {
      const location = await begun(first);
      const answer = await append(
        location,
        { 'upload-complete': '?0', 'upload-offset': offset },
        rest,
      );
      expect(answer.status).toBe(400);
      expect(answer.json?.['detail']).toMatch(/^Upload-Offset is missing/);
    },
  );

  it('may have parameters, as every item', async () => {
    const location = await begun(first);
    const headers = { 'upload-complete': '?1;a=b', 'upload-offset': '100; unit=bytes' };
    expect((await append(location, headers, rest)).status).toBe(200);
  });
});

describe('4.1.2 Completeness', () => {
  it.each(['1', 'true', '?2', '?1, ?1'])('MUST be ignored where it is %j', async (complete) => {
    const location = await begun(first);
    const headers = { 'upload-complete': complete, 'upload-offset': '100' };
    const answer = await append(location, headers, rest);
    expect(answer.status).toBe(400);
    expect(answer.json?.['detail']).toMatch(/^Upload-Complete is missing/);
    expect((await head(location)).headers).toMatchObject({ 'upload-offset': '100' });
  });

  it('is what its client says, and not what offset and length say', async () => {
    const location = await begun(first, 300);
    const all = await append(location, { 'upload-complete': '?0', 'upload-offset': '100' }, rest);
    expect(all.status).toBe(204);
    expect((await head(location)).headers).toMatchObject({
      'upload-offset': '300',
      'upload-complete': '?0',
    });
    const end = await append(location, { 'upload-complete': '?1', 'upload-offset': '300' });
    expect(end.status).toBe(200);
    expect((await stored(location)).equals(file)).toBe(true);
  });
});

describe('4.1.3 Length', () => {
  it.each(['', '-1', '300.0', '"300"', '1000000000000000', '300, 300'])(
    'MUST be ignored where it is %j',
    async (length) => {
      const said = { 'upload-complete': '?0', 'upload-length': length };
      const { status, headers } = await create(said, first);
      expect(status).toBe(201);
      const location = headers['location'] ?? '';
      const more = await append(location, { ...said, 'upload-offset': '100' }, rest);
      expect(more.status).toBe(204);
      const asked = (await head(location)).headers;
      expect(asked).toMatchObject({ 'upload-offset': '300' });
      expect(asked).not.toHaveProperty('upload-length');
    },
  );

  it('is that of the content where this is the rest', async () => {
    const location = await begun(first);
    expect((await head(location)).headers).not.toHaveProperty('upload-length');
    await append(location, { 'upload-complete': '?1', 'upload-offset': '100' }, rest);
    expect((await head(location)).headers).toMatchObject({ 'upload-length': '300' });
  });

  it('is what Upload-Length says, from the beginning or later', async () => {
    const early = await begun(first, 300);
    expect((await head(early)).headers).toMatchObject({ 'upload-length': '300' });
    const late = await begun(first);
    const headers = { 'upload-complete': '?0', 'upload-offset': '100', 'upload-length': '300' };
    await append(late, headers, rest.subarray(0, 50));
    expect((await head(late)).headers).toMatchObject({
      'upload-length': '300',
      'upload-offset': '150',
    });
  });

  it('MUST be the same by both ways of a request', async () => {
    const answer = await create({ 'upload-complete': '?1', 'upload-length': '400' }, file);
    expectProblem(answer, 400, 'inconsistent-upload-length');
    expect(answer.interim).toEqual([]);
  });

  it('MUST be the same in all requests', async () => {
    const location = await begun(first, 300);
    const other = { 'upload-complete': '?0', 'upload-offset': '100', 'upload-length': '400' };
    expectProblem(await append(location, other, rest), 400, 'inconsistent-upload-length');
    const shorter = { 'upload-complete': '?1', 'upload-offset': '100' };
    expectProblem(
      await append(location, shorter, rest.subarray(0, 50)),
      400,
      'inconsistent-upload-length',
    );
    expect((await head(location)).headers).toMatchObject({ 'upload-offset': '100' });
    expect((await append(location, shorter, rest)).status).toBe(200);
  });
});

describe('4.1.4 Limits', () => {
  it('are told before anything is begun, with what may be appended', async () => {
    const answer = await InterimRequest.send('OPTIONS', `${origin}/limited`);
    expect(answer.status).toBe(204);
    expect(answer.headers).toMatchObject({
      'accept-patch': 'application/partial-upload',
      'upload-limit': 'min-size=10, max-size=1000',
    });
  });

  it('MUST be told with 413', async () => {
    const answer = await create({ 'upload-complete': '?1' }, sample(1001), { type: 'limited' });
    expect(answer.status).toBe(413);
    expect(answer.headers).toMatchObject({ 'upload-limit': 'min-size=10, max-size=1000' });
    expect(answer.json).toMatchObject({ detail: 'Size of file exceeds the limit (1000 bytes)' });
  });

  it('hold, with an upload that has been created', async () => {
    const small = await create({ 'upload-complete': '?1' }, sample(5), { type: 'limited' });
    expect(small.status).toBe(400);
    expect(small.headers).toMatchObject({ 'upload-limit': 'min-size=10, max-size=1000' });
    const begin = await create({ 'upload-complete': '?0' }, sample(100), { type: 'limited' });
    expect(begin.headers['upload-limit']).toMatch(/^min-size=10, max-size=1000, max-age=863\d\d$/);
    const more = { 'upload-complete': '?0', 'upload-offset': '100' };
    const large = await append(begin.headers['location'] ?? '', more, sample(901));
    expect(large.status).toBe(413);
    expect(large.headers['upload-limit']).toMatch(/^min-size=10, max-size=1000/);
  });
});

describe('4.2.2 Upload creation', () => {
  it('is announced by 104, with the place that all answers name, and the limits', async () => {
    const answer = await create({ 'upload-complete': '?0' }, first);
    const [interim] = answer.interim;
    expect(interim).toMatchObject({
      status: 104,
      headers: { 'upload-draft-interop-version': '8', 'upload-limit': expect.any(String) },
    });
    expect(answer.status).toBe(201);
    expect(answer.headers['location']).toMatch(/^\/uploads\/[\da-f-]{36}$/);
    expect(interim?.headers['location']).toBe(answer.headers['location']);
    expect(answer.headers).toMatchObject({ 'upload-complete': '?0', 'upload-offset': '100' });
  });

  it('is announced before the content has come', async () => {
    const request = begin({ 'upload-complete': '?1', 'upload-length': '300' });
    await until('it is announced', () => request.interim.length > 0);
    request.end(file);
    const answer = await request.answer;
    expect(answer?.status).toBe(200);
    expect((await stored(request.interim[0]?.headers['location'] ?? '')).equals(file)).toBe(true);
  });

  it.each(['POST', 'PUT'])('of a whole file is answered as the file is: %s', async (method) => {
    const answer = await ask(method, `${url}?filename=a.txt`, { 'upload-complete': '?1' }, file);
    expect(answer.status).toBe(200);
    expect(answer.headers).toMatchObject({ 'upload-complete': '?1', 'upload-offset': '300' });
    expect(answer.json).toMatchObject({ filename: 'a.txt', offset: 300, total: 300, status: 2 });
    const location = answer.interim[0]?.headers['location'] ?? '';
    expect(location).toMatch(new RegExp(`/${String(answer.json?.['id'])}$`));
    expect((await stored(location)).equals(file)).toBe(true);
  });

  it('takes the name from Content-Disposition', async () => {
    const disposition = `inline; filename="a b.txt"; filename*=UTF-8''%C3%BCbung.txt`;
    const headers = { 'upload-complete': '?1', 'content-disposition': disposition };
    const answer = await ask('POST', url, headers, file);
    expect(answer.json).toMatchObject({ filename: 'übung.txt' });
  });

  it('may be without content: careful', async () => {
    const answer = await create({ 'upload-complete': '?0', 'upload-length': '300' });
    expect(answer.status).toBe(201);
    expect(answer.headers).toMatchObject({ 'upload-offset': '0', 'upload-length': '300' });
    const location = answer.headers['location'] ?? '';
    const end = await append(location, { 'upload-complete': '?1', 'upload-offset': '0' }, file);
    expect(end.json).toMatchObject({ status: 2, total: 300 });
  });

  it('may be that of an empty file', async () => {
    const answer = await create({ 'upload-complete': '?1' }, new Uint8Array(0));
    expect(answer.status).toBe(200);
    expect(answer.json).toMatchObject({ status: 2, offset: 0, total: 0 });
  });

  it('tells how far it has come', async () => {
    const large = sample(40 * MIB);
    const answer = await create({ 'upload-complete': '?1' }, large);
    expect(answer.status).toBe(200);
    const [created, ...progress] = answer.interim;
    expect(created?.headers).toHaveProperty('location');
    expect(progress.length).toBeGreaterThan(0);
    for (const { status, headers } of progress) {
      expect(status).toBe(104);
      expect(headers).not.toHaveProperty('location');
      expect(Number(headers['upload-offset'])).toBeGreaterThanOrEqual(30 * MIB);
    }
  });

  it('keeps what has come of a request that breaks, and is not complete then', async () => {
    const request = begin({ 'upload-complete': '?1', 'content-length': String(3 * MIB) });
    await until('it is announced', () => request.interim.length > 0);
    const location = request.interim[0]?.headers['location'] ?? '';
    const large = sample(3 * MIB);
    await request.write(large.subarray(0, 2 * MIB));
    await until('bytes have been stored', async () => await isStored(location, MIB));
    request.cut();
    let offset = 0;
    await until('it is known', async () => {
      offset = Number((await head(location)).headers['upload-offset']);
      return offset > 0;
    });
    const { headers } = await head(location);
    expect(headers).toMatchObject({ 'upload-complete': '?0', 'upload-length': String(3 * MIB) });
    const going = { 'upload-complete': '?1', 'upload-offset': String(offset) };
    expect((await append(location, going, large.subarray(offset))).status).toBe(200);
    expect((await stored(location)).equals(large)).toBe(true);
  });

  it('that is refused leaves nothing, and says why', async () => {
    const before = await listed('limited');
    const answer = await create({ 'upload-complete': '?1' }, file, {
      type: 'limited',
      name: 'a.exe',
    });
    expect(answer.status).toBe(400);
    expect(answer.json?.['detail']).toHaveProperty('file');
    expect(answer.interim).toEqual([]);
    const digest = `sha-256=:${createHash('sha256').update('other').digest('base64')}:`;
    const broken = await create({ 'upload-complete': '?1', 'content-digest': digest }, file, {
      type: 'limited',
    });
    expect(broken.status).toBe(400);
    // Else its client would ask for what is gone.
    expect(broken.headers).not.toHaveProperty('location');
    expect(await listed('limited')).toEqual(before);
  });

  it('needs a name', async () => {
    const answer = await ask('POST', url, { 'upload-complete': '?1' }, file);
    expect(answer.status).toBe(400);
    expect(answer.json?.['detail']).toHaveProperty('filename');
  });

  it.each([undefined, '2', '99', 'x'])('is not announced to version %s', async (version) => {
    const said: Headers = version === undefined ? {} : { 'upload-draft-interop-version': version };
    const headers = { 'x-user': 'ann', 'upload-complete': '?1', ...said };
    const answer = await InterimRequest.send('POST', `${url}?filename=a.txt`, headers, file);
    expect(answer.status).toBe(200);
    expect(answer.interim).toEqual([]);
    expect(answer.headers).not.toHaveProperty('upload-draft-interop-version');
  });
});

describe('4.3.2 Offset retrieval', () => {
  it('MUST tell offset, completeness, length and limits, and SHOULD not be cached', async () => {
    const { status, headers } = await head(await begun(first, 300));
    expect(status).toBe(204);
    expect(headers).toMatchObject({
      'upload-offset': '100',
      'upload-complete': '?0',
      'upload-length': '300',
      'upload-limit': expect.stringMatching(/^min-size=0, max-age=\d+$/),
      'cache-control': 'no-store',
    });
  });

  it('tells of a complete upload that it is', async () => {
    const location = await begun(first, 300);
    await append(location, { 'upload-complete': '?1', 'upload-offset': '100' }, rest);
    expect((await head(location)).headers).toMatchObject({
      'upload-offset': '300',
      'upload-complete': '?1',
    });
  });

  it('is refused where there is nothing to go on with', async () => {
    expect((await head('/uploads/6f1ed002-ab5e-4d1d-a5a1-b0c9a4a0f0ff')).status).toBe(404);
    const location = await begun(first);
    await host.uploads.abort(idOf(location));
    expect((await head(location)).status).toBe(410);
  });

  it.each([undefined, '2', '9', 'x'])(
    'MUST tell as much to a client of version %s',
    async (version) => {
      const said: Headers =
        version === undefined ? {} : { 'upload-draft-interop-version': version };
      const location = await begun(first, 300);
      const { status, headers } = await unmarked('HEAD', location, said);
      expect(status).toBe(200);
      expect(headers).toMatchObject({
        'upload-offset': '100',
        'upload-complete': '?0',
        'upload-length': '300',
        'upload-limit': expect.stringMatching(/^min-size=0, max-age=\d+$/),
        'cache-control': 'no-store',
      });
      expect(headers).not.toHaveProperty('upload-draft-interop-version');
      await append(location, { 'upload-complete': '?1', 'upload-offset': '100' }, rest);
      expect((await unmarked('HEAD', location, said)).headers).toMatchObject({
        'upload-offset': '300',
        'upload-complete': '?1',
        'upload-limit': 'min-size=0',
      });
    },
  );

  it('ends nobody who really sends, where it does not say its version', async () => {
    const location = await begun(first);
    const writing = appending(location, '100', { 'upload-complete': '?0' });
    await writing.write(sample(1000));
    await until('it writes', async () => isWritten(location));
    let asked: FinalAnswer | null = null;
    const asking = unmarked('HEAD', location).then((answer) => (asked = answer));
    let sent = 1000;
    for (; !asked; sent += 1000) {
      await writing.write(sample(1000));
      await sleep(20);
    }
    expect((await asking).status).toBe(200);
    writing.end();
    const answer = await writing.answer;
    expect(answer?.status).toBe(204);
    expect(answer?.headers).toMatchObject({ 'upload-offset': String(100 + sent) });
  });

  it('MUST NOT be outdated: what still writes is ended, and its connection broken', async () => {
    const location = await begun(first);
    const writing = appending(location, '100', { 'upload-complete': '?0' });
    const large = sample(MIB);
    await writing.write(large);
    await until('bytes have been stored', async () => isStored(location, MIB / 2));
    const { headers } = await head(location);
    expect(await writing.answer).toBe(null);
    const offset = Number(headers['upload-offset']);
    expect(offset).toBeGreaterThan(100);
    const going = { 'upload-complete': '?0', 'upload-offset': String(offset) };
    expect((await append(location, going, large.subarray(offset - 100))).status).toBe(204);
  });
});

describe('A client that does not say its version', () => {
  it('appends and cancels as every other, but for interim answers', async () => {
    const location = await begun(first);
    const at = (offset: number, complete: string) => ({
      ...PARTIAL,
      'upload-offset': String(offset),
      'upload-complete': complete,
    });
    const wrong = await unmarked('PATCH', location, at(50, '?0'), first);
    expectProblem(wrong, 409, 'mismatching-upload-offset');
    const large = sample(40 * MIB);
    const next = await unmarked('PATCH', location, at(100, '?0'), large);
    expect(next.status).toBe(204);
    expect(next.interim).toEqual([]);
    expect(next.headers).not.toHaveProperty('upload-draft-interop-version');
    const offset = 100 + large.length;
    expect(next.headers).toMatchObject({
      'upload-offset': String(offset),
      'upload-complete': '?0',
    });
    const end = await unmarked('PATCH', location, at(offset, '?1'));
    expect(end.json).toMatchObject({ status: 2, offset });
    expect((await unmarked('DELETE', location)).status).toBe(204);
    expect((await unmarked('HEAD', location)).status).toBe(404);
  });
});

describe('4.4.2 Upload append', () => {
  it('goes on', async () => {
    const location = await begun(first, 300);
    const half = await append(
      location,
      { 'upload-complete': '?0', 'upload-offset': '100' },
      file.subarray(100, 200),
    );
    expect(half.status).toBe(204);
    expect(half.headers).toMatchObject({ 'upload-complete': '?0', 'upload-offset': '200' });
    expect(half.headers).not.toHaveProperty('location');
    const end = await append(
      location,
      { 'upload-complete': '?1', 'upload-offset': '200' },
      file.subarray(200),
    );
    expect(end.status).toBe(200);
    expect(end.headers).toMatchObject({ 'upload-complete': '?1' });
    expect(end.json).toMatchObject({ status: 2, offset: 300, filename: 'a.txt' });
    expect((await stored(location)).equals(file)).toBe(true);
  });

  it('at another offset MUST be 409, with the right one', async () => {
    const location = await begun(first, 300);
    for (const offset of ['0', '50', '150']) {
      const headers = { 'upload-complete': '?0', 'upload-offset': offset };
      const answer = await append(location, headers, file.subarray(0, 10));
      expectProblem(answer, 409, 'mismatching-upload-offset');
      expect(answer.headers).toMatchObject({ 'upload-offset': '100', 'upload-complete': '?0' });
      expect(answer.json).toMatchObject({
        'expected-offset': 100,
        'provided-offset': Number(offset),
        detail: 'Offsets do not match',
      });
    }
    const empty = await append(location, { 'upload-complete': '?1', 'upload-offset': '50' });
    expectProblem(empty, 409, 'mismatching-upload-offset');
  });

  it('to a complete upload MUST be refused', async () => {
    const location = await begun(first, 100);
    const end = { 'upload-complete': '?1', 'upload-offset': '100' };
    expect((await append(location, end)).status).toBe(200);
    expectProblem(await append(location, end), 400, 'completed-upload');
    const more = { 'upload-complete': '?0', 'upload-offset': '100' };
    expectProblem(await append(location, more, rest), 400, 'inconsistent-upload-length');
    const nothing = appending(location, '100', { 'upload-complete': '?1' });
    nothing.end();
    expect((await nothing.answer)?.status).toBe(400);
    expect((await stored(location)).equals(first)).toBe(true);
  });

  it('MUST NOT exceed the length: no more is taken then', async () => {
    for (const isAnnounced of [true, false]) {
      const location = await begun(first, 150);
      const headers = { 'upload-complete': '?0', 'upload-offset': '100' };
      if (isAnnounced) {
        expectProblem(await append(location, headers, rest), 400, 'inconsistent-upload-length');
      } else {
        const request = appending(location, '100', headers);
        await request.write(rest);
        const answer = await request.answer;
        expectProblem(answer as FinalAnswer, 400, 'inconsistent-upload-length');
      }
      expect((await append(location, headers, rest.subarray(0, 50))).status).toBe(410);
      expect((await head(location)).status).toBe(410);
    }
  });

  it('MUST NOT exceed it in a creation either, of content whose size nobody announced', async () => {
    const request = begin({ 'upload-complete': '?0', 'upload-length': '150' });
    request.end(file);
    const answer = (await request.answer) as FinalAnswer;
    expectProblem(answer, 400, 'inconsistent-upload-length');
    const location = request.interim[0]?.headers['location'] ?? '';
    expect((await head(location)).status).toBe(404);
    const going = { 'upload-complete': '?0', 'upload-offset': '0' };
    expect((await append(location, going, first)).status).toBe(404);
  });

  it('is of its own media type', async () => {
    const location = await begun(first, 300);
    const headers = { 'upload-complete': '?1', 'upload-offset': '100' };
    for (const type of ['application/octet-stream', 'application/offset+octet-stream']) {
      const answer = await append(location, { ...headers, 'content-type': type }, rest);
      expect(answer.status).toBe(415);
      expect(answer.headers).toMatchObject({ 'accept-patch': 'application/partial-upload' });
    }
    const type = { 'content-type': 'Application/Partial-Upload; a=b' };
    expect((await append(location, { ...headers, ...type }, rest)).status).toBe(200);
  });

  it('of nothing has no type, also where nothing announces that there is none', async () => {
    for (const type of [{}, { 'content-type': 'text/plain' }] as Headers[]) {
      const location = await begun(first, 100);
      const headers = { 'x-user': 'ann', ...V8, 'upload-offset': '100', 'upload-complete': '?1' };
      const request = new InterimRequest('PATCH', origin + location, { ...headers, ...type });
      request.end();
      expect((await request.answer)?.status).toBe(200);
    }
  });

  it('keeps what has come of a request that breaks', async () => {
    const location = await begun(first);
    const large = sample(3 * MIB);
    const request = appending(location, '100', {
      'upload-complete': '?1',
      'content-length': String(large.length),
    });
    await request.write(large.subarray(0, 2 * MIB));
    await until('bytes have been stored', async () => isStored(location, MIB));
    request.cut();
    let offset = 100;
    await until('it is known', async () => {
      offset = Number((await head(location)).headers['upload-offset']);
      return offset > 100;
    });
    expect((await head(location)).headers).toMatchObject({ 'upload-complete': '?0' });
    const going = { 'upload-complete': '?1', 'upload-offset': String(offset) };
    expect((await append(location, going, large.subarray(offset - 100))).status).toBe(200);
  });

  it('tells how far it has come, and not where', async () => {
    const location = await begun(first);
    const headers = { 'upload-complete': '?1', 'upload-offset': '100' };
    const { status, interim } = await append(location, headers, sample(40 * MIB));
    expect(status).toBe(200);
    expect(interim.length).toBeGreaterThan(0);
    for (const { headers: said } of interim) {
      expect(Number(said['upload-offset'])).toBeGreaterThan(100);
      expect(said).not.toHaveProperty('location');
    }
  });

  it('whose file is refused says that it has come whole', async () => {
    onComplete = () => {
      throw new HttpException('not today', 409);
    };
    const answer = await create({ 'upload-complete': '?1' }, file, { type: 'hooked' });
    expect(answer.status).toBe(409);
    const { location: place = '' } = answer.interim[0]?.headers ?? {};
    expect(answer.headers).toMatchObject({ 'upload-complete': '?1', location: place });
    // What failed once may be asked for again.
    onComplete = () => ({ attachment: 7 });
    const location = answer.interim[0]?.headers['location'] ?? '';
    const again = await append(location, { 'upload-complete': '?1', 'upload-offset': '300' });
    expect(again.json).toEqual({ attachment: 7 });
    expect(again.headers).toMatchObject({ 'upload-complete': '?1' });
  });
});

describe('What onComplete answers', () => {
  it.each([['<b>a.txt</b>'], [7], [false]])('is JSON, as everywhere: %j', async (value) => {
    onComplete = () => value;
    const answer = await create({ 'upload-complete': '?1' }, file, { type: 'hooked' });
    expect(answer.status).toBe(200);
    expect(answer.headers['content-type']).toBe('application/json; charset=utf-8');
    expect(answer.json).toBe(value);
  });
});

describe('4.5.2 Upload cancellation', () => {
  it('removes the upload', async () => {
    const location = await begun(first);
    expect((await ask('DELETE', origin + location)).status).toBe(204);
    expect((await head(location)).status).toBe(404);
    expect((await ask('DELETE', origin + location)).status).toBe(404);
  });

  it('SHOULD break what is still sent', async () => {
    const location = await begun(first);
    const writing = appending(location, '100', { 'upload-complete': '?0' });
    await writing.write(sample(MIB));
    await until('bytes have been stored', async () => isStored(location, MIB / 2));
    expect((await ask('DELETE', origin + location)).status).toBe(204);
    expect(await writing.answer).toBe(null);
  });
});

describe('4.6 Concurrency', () => {
  it('lets one of several in at an offset', async () => {
    const location = await begun(first);
    const headers = { 'upload-complete': '?0', 'upload-offset': '100' };
    const bodies = [1, 2, 3, 4].map((value) => Buffer.alloc(100, value));
    const answers = await Promise.all(bodies.map((body) => append(location, headers, body)));
    const accepted = bodies.filter((_, at) => answers[at]?.status === 204);
    expect(accepted).toHaveLength(1);
    for (const { status } of answers) expect([204, 409, 423]).toContain(status);
    const end = { 'upload-complete': '?1', 'upload-offset': '200' };
    await append(location, end);
    const expected = Buffer.concat([first, accepted[0] as Buffer]);
    expect((await stored(location)).equals(expected)).toBe(true);
  });

  it('breaks the connection of a silent one that another takes over', async () => {
    const location = await begun(first);
    const silent = appending(location, '100', { 'upload-complete': '?0' });
    await silent.write(rest.subarray(0, 10));
    await until('it writes', async () => isWritten(location));
    const going = { 'upload-complete': '?1', 'upload-offset': '100' };
    let answer = await append(location, going, rest);
    while (answer.status === 423) answer = await append(location, going, rest);
    // What the silent one had sent by then was kept on the way.
    if (answer.status === 409) {
      const offset = Number(answer.headers['upload-offset']);
      const next = { ...going, 'upload-offset': String(offset) };
      answer = await append(location, next, file.subarray(offset));
    }
    expect(answer.status).toBe(200);
    expect(await silent.answer).toBe(null);
    expect((await stored(location)).equals(file)).toBe(true);
  });

  it('breaks connections at the end of the process, after which an upload goes on', async () => {
    const other = await startBeside(host, { upload: { protocols: PROTOCOLS } });
    const location = await begun(first);
    const writing = new InterimRequest('PATCH', other.url + location, {
      'x-user': 'ann',
      ...V8,
      ...PARTIAL,
      'upload-complete': '?0',
      'upload-offset': '100',
    });
    const large = sample(MIB);
    await writing.write(large);
    await until('bytes have been stored', async () => isStored(location, MIB / 2));
    await other.close();
    expect(await writing.answer).toBe(null);
    const offset = Number((await head(location)).headers['upload-offset']);
    expect(offset).toBeGreaterThan(100);
    const going = { 'upload-complete': '?0', 'upload-offset': String(offset) };
    expect((await append(location, going, large.subarray(offset - 100))).status).toBe(204);
  });
});

describe('5 Status code 104', () => {
  // HTTP/2 has no such clients.
  const without = process.env['HOST_PLATFORM'] === 'http2' ? [] : ['HTTP/1.0'];
  it.each(without)('is not sent to a client of %s', async () => {
    const { hostname, port } = new URL(url);
    const socket = connect(Number(port), hostname);
    socket.write(
      'POST /uploads?filename=a.txt HTTP/1.0\r\nx-user: ann\r\nupload-complete: ?1\r\n' +
        `upload-draft-interop-version: 8\r\ncontent-length: ${file.length}\r\n\r\n`,
    );
    socket.write(file);
    let said = '';
    socket.on('data', (bytes: Buffer) => (said += bytes.toString('latin1')));
    await once(socket, 'close');
    expect(said).toMatch(/^HTTP\/1\.[01] 200 /);
    expect(said).not.toContain(' 104 ');
    expect(said).toMatch(/^upload-complete: \?1\r$/im);
  });

  it('does not take the place of 100, and is understood by curl', async () => {
    const folder = await mkdtemp(join(tmpdir(), 'curl-'));
    await writeFile(join(folder, 'a.bin'), file);
    const version = speaksHttp2(url) ? '--http2-prior-knowledge' : '--http1.1';
    const headers = ['X-User: ann', 'Upload-Draft-Interop-Version: 8', 'Upload-Complete: ?1'];
    const { stdout } = await promisify(execFile)('curl', [
      '-sSi',
      version,
      '-X',
      'POST',
      '-T',
      join(folder, 'a.bin'),
      '-H',
      'Expect: 100-continue',
      ...headers.flatMap((header) => ['-H', header]),
      `${url}?filename=a.bin`,
    ]);
    const statuses = [...stdout.matchAll(/^HTTP\/[\d.]+ (\d+)/gm)].map(([, status]) => status);
    expect(statuses).toHaveLength(3);
    expect(statuses).toEqual(expect.arrayContaining(['100', '104', '200']));
    await rm(folder, { recursive: true });
  });

  it('is all that curl needs to go on, wherever it was cut', async () => {
    const cuts = Math.max(2, rounds(10));
    const large = sample((cuts + 4) * MIB);
    const folder = await mkdtemp(join(tmpdir(), 'curl-'));
    const version = speaksHttp2(url) ? '--http2-prior-knowledge' : '--http1.1';
    let location = '';
    let offset = 0;
    /** Its arguments for what is left of the file. */
    const rest = async (): Promise<string[]> => {
      const body = join(folder, `${offset}.bin`);
      await writeFile(body, large.subarray(offset));
      const going = [`Upload-Offset: ${offset}`, 'Content-Type: application/partial-upload'];
      const always = ['X-User: ann', 'Upload-Draft-Interop-Version: 8', 'Upload-Complete: ?1'];
      const headers = [...always, ...(location ? going : [])].flatMap((header) => ['-H', header]);
      const target = location ? ['PATCH', origin + location] : ['POST', `${url}?filename=a.bin`];
      return ['-sSv', version, '-T', body, ...headers, '-X', ...target];
    };
    for (let cut = 0; cut < cuts; cut++) {
      const child = spawn('curl', ['--limit-rate', '2M', ...(await rest())]);
      let said = '';
      // What it writes for a pipe it keeps back, but not what it tells of its work.
      child.stderr.on('data', (piece: Buffer) => (said += piece.toString()));
      const told = () => /^< HTTP\/\S+ 104[^]*?^< location: (\S+)/im.exec(said)?.[1];
      if (!location) await until('it is told where', () => told() !== undefined);
      location ||= told() ?? '';
      // Each time at another place of what is left.
      const begun = offset;
      const sent = (0.5 + cut / cuts / 3) * MIB;
      await until('bytes have been stored', () => isStored(location, begun + sent));
      child.kill('SIGKILL');
      await until('it is known', async () => {
        offset = Number((await head(location)).headers['upload-offset']);
        return offset > begun;
      });
      expect(offset).toBeLessThan(large.length);
    }
    const { stderr } = await promisify(execFile)('curl', await rest());
    expect(stderr).toMatch(/^< HTTP\/\S+ 200/m);
    expect((await stored(location)).equals(large)).toBe(true);
    await rm(folder, { recursive: true });
  });
});

describe('8 and 9 Codings', () => {
  it('of the transfer count for nothing', async () => {
    const request = begin({ 'upload-complete': '?1', 'upload-length': '300' });
    await request.write(first);
    request.end(rest);
    expect((await request.answer)?.json).toMatchObject({ offset: 300, status: 2 });
  });

  it('of the content are not undone, but refused', async () => {
    const headers = { 'upload-complete': '?1', 'content-encoding': 'gzip' };
    expect((await create(headers, file)).status).toBe(415);
  });

  it('and a form is no file', async () => {
    const type = 'multipart/form-data; boundary=b';
    const answer = await create({ 'upload-complete': '?1', 'content-type': type }, file);
    expect(answer.status).toBe(415);
    // Until version 5 what is appended may be of any other type.
    const location = await begun(first);
    const said = { 'upload-draft-interop-version': '5', 'content-type': type };
    const end = { 'upload-complete': '?1', 'upload-offset': '100', ...said };
    expect((await append(location, end, rest)).status).toBe(415);
    expect((await head(location)).headers).toMatchObject({ 'upload-offset': '100' });
  });
});

describe('10.1 Representation digests', () => {
  const digestOf = (algorithm: string, bytes: Uint8Array) =>
    createHash(algorithm).update(bytes).digest('base64');

  it('are compared when the upload is complete', async () => {
    const said = { 'upload-complete': '?0', 'repr-digest': `md5=:${digestOf('md5', file)}:` };
    const right = await create(said, first);
    const end = { 'upload-complete': '?1', 'upload-offset': '100' };
    expect((await append(right.headers['location'] ?? '', end, rest)).status).toBe(200);
    const other = { ...said, 'repr-digest': `md5=:${digestOf('md5', first)}:` };
    const wrong = await append((await create(other, first)).headers['location'] ?? '', end, rest);
    expect(wrong.status).toBe(400);
    expect(wrong.json).toEqual({ detail: 'md5 checksum does not match' });
    expect(wrong.headers).toMatchObject({ 'upload-complete': '?1' });
  });

  it('of other algorithms than that of the type are passed over', async () => {
    const digest = `sha-256=:${digestOf('sha256', first)}:, crc32c=:AAAA:`;
    const headers = { 'upload-complete': '?1', 'repr-digest': digest };
    expect((await create(headers, file)).status).toBe(200);
    expect((await create({ ...headers, 'repr-digest': '!' }, file)).status).toBe(400);
  });
});

describe('10.2 Content digests', () => {
  it('keep a chunk out that is not theirs', async () => {
    const location = await begun(first, 300);
    const digestOf = (bytes: Uint8Array) =>
      `sha-256=:${createHash('sha256').update(bytes).digest('base64')}:`;
    const headers = { 'upload-complete': '?1', 'upload-offset': '100' };
    const wrong = { ...headers, 'content-digest': digestOf(first) };
    expect((await append(location, wrong, rest)).status).toBe(400);
    expect((await head(location)).headers).toMatchObject({ 'upload-offset': '100' });
    const right = { ...headers, 'content-digest': digestOf(rest) };
    expect((await append(location, right, rest)).status).toBe(200);
  });
});

describe('Older drafts', () => {
  it.each(['3', '4', '5', '6', '7'])('are spoken: version %s', async (version) => {
    const said = { 'upload-draft-interop-version': version };
    const complete = (value: boolean): Headers =>
      version === '3'
        ? { 'upload-incomplete': value ? '?0' : '?1' }
        : { 'upload-complete': value ? '?1' : '?0' };
    const expected = (value: boolean): Headers => complete(value);
    const began = await create({ ...said, ...complete(false) }, first);
    expect(began.status).toBe(201);
    expect(began.headers).toMatchObject({ ...said, 'upload-offset': '100', ...expected(false) });
    expect(began.interim[0]?.headers).toMatchObject(said);
    const location = began.headers['location'] ?? '';

    const asked = await ask('HEAD', origin + location, said);
    expect(asked.status).toBe(204);
    expect(asked.headers).toMatchObject({ 'upload-offset': '100', ...expected(false) });

    const type: Headers = Number(version) < 6 ? {} : PARTIAL;
    const at = (offset: number) => ({ ...said, ...type, 'upload-offset': String(offset) });
    const target = origin + location;
    const next = await ask(
      'PATCH',
      target,
      { ...at(100), ...complete(false) },
      rest.subarray(0, 50),
    );
    expect(next.status).toBe(Number(version) < 5 ? 201 : 204);
    expect(next.headers).toMatchObject({ 'upload-offset': '150', ...expected(false) });

    const wrong = await ask('PATCH', target, { ...at(100), ...complete(true) }, rest);
    expect(wrong.status).toBe(409);
    expect(wrong.headers).toMatchObject({ 'upload-offset': '150', ...expected(false) });

    const end = await ask('PATCH', target, { ...at(150), ...complete(true) }, rest.subarray(50));
    expect(end.status).toBe(200);
    expect(end.headers).toMatchObject(expected(true));
    expect((await stored(location)).equals(file)).toBe(true);
    expect((await ask('DELETE', target, said)).status).toBe(204);
  });

  it.each(['3', '4', '5'])('take no state with a question: version %s', async (version) => {
    const location = await begun(first);
    const said = { 'upload-draft-interop-version': version, 'upload-offset': '100' };
    expect((await ask('HEAD', origin + location, said)).status).toBe(400);
    expect((await ask('DELETE', origin + location, said)).status).toBe(400);
  });

  it('call the end of an upload otherwise until version 6', async () => {
    const said = { 'upload-draft-interop-version': '6', 'upload-complete': '?0' };
    const { headers } = await create(said, first);
    expect(headers['upload-limit']).toMatch(/^min-size=0, expires=\d+$/);
  });
});

describe('An upload of this protocol', () => {
  it('is that of every other', async () => {
    const location = await begun(first, 300);
    expect((await ann.get(idOf(location))).upload).toMatchObject({ offset: 100, total: 300 });
    await ann.put('bytes 100-199/300', file.subarray(100, 200), { id: idOf(location) });
    const end = { 'upload-complete': '?1', 'upload-offset': '200' };
    expect((await append(location, end, file.subarray(200))).status).toBe(200);
    expect((await stored(location)).equals(file)).toBe(true);
  });

  it('does not exist for others', async () => {
    const location = await begun(first, 300);
    const bob = { 'x-user': 'bob' };
    expect((await ask('HEAD', origin + location, bob)).status).toBe(404);
    const end = { 'upload-complete': '?1', 'upload-offset': '100', ...bob };
    expect((await append(location, end, rest)).status).toBe(404);
    expect((await ask('DELETE', origin + location, bob)).status).toBe(404);
    expect((await head(location)).headers).toMatchObject({ 'upload-offset': '100' });
  });
});

function begin(headers: Headers): InterimRequest {
  const all = { 'x-user': 'ann', ...V8, ...headers };
  return new InterimRequest('POST', `${url}?filename=a.txt`, all);
}

function appending(location: string, offset: string, headers: Headers): InterimRequest {
  const all = { 'x-user': 'ann', ...V8, ...PARTIAL, 'upload-offset': offset, ...headers };
  return new InterimRequest('PATCH', origin + location, all);
}

function expectProblem(answer: FinalAnswer, status: number, type: string): void {
  expect(answer.status).toBe(status);
  expect(answer.headers['content-type']).toMatch(/^application\/problem\+json/);
  expect(answer.json).toMatchObject({ type: PROBLEMS + type, status });
  expect(answer.json?.['title']).toEqual(expect.any(String));
  expect(answer.json?.['detail']).toEqual(expect.any(String));
}

/** Whether so many bytes of it are in the storage, acknowledged or not. */
async function isStored(location: string, bytes: number): Promise<boolean> {
  const paths = await storedFiles(host.root);
  const path = paths.find((name) => name.includes(idOf(location)));
  return path !== undefined && (await stat(join(host.root, path))).size >= bytes;
}

/** Whether a request has the lease of it. */
async function isWritten(location: string): Promise<boolean> {
  return (await host.uploads.findOne(idOf(location))).leaseToken !== null;
}

function idOf(location: string): string {
  return location.split('/').at(-1) ?? '';
}

async function listed(type: string): Promise<unknown[]> {
  const answer = await fetch(`${origin}/${type}`, { headers: { 'x-user': 'ann' } });
  return (await answer.json()) as unknown[];
}
