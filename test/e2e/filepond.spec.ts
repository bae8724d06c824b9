import { createHash } from 'node:crypto';
import { ConflictException } from '@nestjs/common';
import { AbstractChunkedUpload } from 'nestjs-chunked-upload';
import { Column, Entity } from 'typeorm';
import { IsOptional, IsString } from 'class-validator';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { openWire } from '../support/chunk-wire.js';
import { type Host, startHost } from '../support/host.js';
import { InterimRequest } from '../support/interim-request.js';
import { UploadClient, md5, sample } from '../support/upload-client.js';
import { until } from '../support/waiting.js';

// What FilePond 4 sends with `server: '/uploads'`, as its documentation and its source have it. The
// plug-in itself, in a browser, is in test/browser/filepond.spec.ts.

const CHUNK = 100;
const OCTETS = { 'content-type': 'application/offset+octet-stream' };

class NoteFields {
  @IsOptional()
  @IsString()
  title?: string;
}

@Entity()
class Note extends AbstractChunkedUpload {
  @Column('text', { nullable: true })
  title!: string | null;
}

@Entity()
class Typed extends AbstractChunkedUpload {}

@Entity()
class Hooked extends AbstractChunkedUpload {}

type Headers = Readonly<Record<string, string>>;

let host: Host;
let onComplete: () => unknown;

beforeAll(async () => {
  host = await startHost({
    types: [
      {
        path: 'notes',
        entity: Note,
        fields: NoteFields,
        minBytes: 10,
        maxBytes: 1000,
        allowedExtensions: ['txt'],
      },
      { path: 'typed', entity: Typed, allowedExtensions: ['csv'], allowedMimeTypes: ['text/csv'] },
      { path: 'hooked', entity: Hooked, checksum: 'sha256', onComplete: () => onComplete() },
    ],
  });
});
afterAll(() => host?.close());

/** FilePond, as far as a server sees it. */
class Pond {
  constructor(
    readonly type = 'uploads',
    readonly user = 'ann',
  ) {}

  get url(): string {
    return `${host.url}/${this.type}`;
  }

  /** `requestTransferId` */
  async create(size: number, metadata: object = {}, headers: Headers = {}): Promise<Response> {
    const form = new FormData();
    form.append('filepond', JSON.stringify(metadata));
    return this.#ask('POST', '', { 'upload-length': String(size), ...headers }, form);
  }

  async begin(size: number, metadata: object = {}): Promise<string> {
    const answer = await this.create(size, metadata);
    expect(answer.status).toBe(201);
    return answer.text();
  }

  /** A chunk of `processFileChunked`. */
  async patch(id: string, file: Uint8Array, index: number, name = 'a.txt', by = '?patch=') {
    const offset = index * CHUNK;
    const headers = {
      ...OCTETS,
      'upload-offset': String(offset),
      'upload-length': String(file.length),
      'upload-name': Buffer.from(name).toString('latin1'),
    };
    return this.#ask('PATCH', by + id, headers, file.subarray(offset, offset + CHUNK));
  }

  /** All of its chunks from one on, one after the other. */
  async send(id: string, file: Uint8Array, from = 0, name = 'a.txt'): Promise<void> {
    for (let index = from; index <= Math.floor(file.length / CHUNK); index += 1) {
      const answer = await this.patch(id, file, index, name);
      expect(answer.status, await answer.text()).toBe(204);
    }
  }

  /** `requestTransferOffset` */
  head(id: string, by = '?patch='): Promise<Response> {
    return this.#ask('HEAD', by + id);
  }

  /** `createRevertFunction` */
  revert(id: string): Promise<Response> {
    return this.#ask('DELETE', '', { 'content-type': 'text/plain;charset=UTF-8' }, id);
  }

  /** A file that is not cut into chunks. */
  async whole(file: Uint8Array, name = 'a.txt', metadata: object = {}): Promise<Response> {
    const form = new FormData();
    form.append('filepond', JSON.stringify(metadata));
    form.append('filepond', new Blob([Buffer.from(file)]), name);
    return this.#ask('POST', '', {}, form);
  }

  async #ask(method: string, target: string, headers: Headers = {}, body: BodyInit | null = null) {
    return fetch(this.url + target, {
      method,
      headers: { 'x-user': this.user, ...headers },
      body: body as string,
    });
  }
}

type BodyInit = Uint8Array | FormData | string;

const pond = new Pond();
const file = sample(250);

function uploads(type = 'uploads'): UploadClient {
  return new UploadClient(`${host.url}/${type}`);
}

async function expectStored(id: string, bytes: Uint8Array, type = 'uploads'): Promise<void> {
  const { upload } = await uploads(type).get(id);
  expect(upload).toMatchObject({ status: 2, offset: bytes.length, total: bytes.length });
  expect((await uploads(type).download(id)).bytes.equals(bytes)).toBe(true);
}

describe('An upload in chunks', () => {
  it('begins with an id, as text, and completes with its last byte', async () => {
    const answer = await pond.create(file.length);
    expect(answer.status).toBe(201);
    expect(answer.headers.get('content-type')).toBe('text/plain; charset=utf-8');
    const id = await answer.text();
    expect(id).toMatch(/^[\da-f]{8}(-[\da-f]{4}){3}-[\da-f]{12}$/);
    expect((await uploads().get(id)).upload).toMatchObject({ offset: 0, total: 250, status: 1 });
    await pond.send(id, file, 0, 'übung 1.txt');
    await expectStored(id, file);
    expect((await uploads().get(id)).upload).toMatchObject({ filename: 'übung 1.txt' });
    const [row] = await host.uploads.find({}, { creator: 'ann' });
    expect(row?.checksum).toBe(md5(file));
  });

  it.each(['?id=', '?upload_id=', '?', '/'])('goes on by %s, too', async (by) => {
    const id = await pond.begin(file.length);
    for (const index of [0, 1]) {
      expect((await pond.patch(id, file, index, 'a.txt', by)).status).toBe(204);
    }
    expect((await pond.head(id, by)).headers.get('upload-offset')).toBe('200');
    expect((await pond.patch(id, file, 2, 'a.txt', by)).status).toBe(204);
    await expectStored(id, file);
  });

  it('whose size its chunks divide ends with one of no bytes', async () => {
    const even = sample(200);
    const id = await pond.begin(even.length);
    await pond.send(id, even);
    await expectStored(id, even);
    // The same once more, as a proxy passes it on that announces no length.
    const headers = { ...OCTETS, 'x-user': 'ann', 'upload-offset': '200', 'upload-length': '200' };
    const wire = openWire('PATCH', `${pond.url}?patch=${id}`, headers, false);
    await new Promise<void>((resolve) => wire.write(new Uint8Array(0), resolve));
    wire.end(new Uint8Array(0));
    expect((await wire.answer).status).toBe(204);
  });

  it('of no bytes is complete with its only chunk', async () => {
    const id = await pond.begin(0);
    await pond.send(id, new Uint8Array(0), 0, 'empty.txt');
    await expectStored(id, new Uint8Array(0));
    expect((await uploads().get(id)).upload).toMatchObject({ filename: 'empty.txt' });
  });

  it('has what its page says of it: name, fields, sum', async () => {
    const notes = new Pond('notes');
    const id = await notes.begin(file.length, { filename: 'b.txt', title: 'A title', resize: {} });
    expect((await uploads('notes').get(id)).upload).toMatchObject({
      filename: 'b.txt',
      title: 'A title',
    });
    await notes.send(id, file);
    await expectStored(id, file, 'notes');
    expect((await uploads('notes').get(id)).upload).toMatchObject({ filename: 'b.txt' });
  });
});

describe('A sum in the metadata', () => {
  it('is compared when the last byte has come', async () => {
    const right = await pond.begin(file.length, { md5: md5(file).toUpperCase() });
    await pond.send(right, file);
    await expectStored(right, file);
    const wrong = await pond.begin(file.length, { md5: md5(Buffer.from('other')) });
    await pond.patch(wrong, file, 0);
    await pond.patch(wrong, file, 1);
    const refused = await pond.patch(wrong, file, 2);
    expect(refused.status).toBe(400);
    expect(await refused.json()).toEqual({ detail: 'md5 checksum does not match' });
    // Whoever asks then is not told that all is there.
    expect((await pond.head(wrong)).status).toBe(410);
  });
});

describe('A chunk', () => {
  it('that is sent again is taken for what is there', async () => {
    const id = await pond.begin(file.length);
    for (const index of [0, 0, 1, 0, 1]) {
      expect((await pond.patch(id, file, index)).status).toBe(204);
    }
    expect((await pond.head(id)).headers.get('upload-offset')).toBe('200');
    for (const index of [2, 2, 1]) expect((await pond.patch(id, file, index)).status).toBe(204);
    await expectStored(id, file);
  });

  it('of several at once is taken once', async () => {
    const id = await pond.begin(file.length);
    const answers = await Promise.all([0, 0, 0].map((index) => pond.patch(id, file, index)));
    expect(answers.map(({ status }) => status)).toEqual([204, 204, 204]);
    await pond.send(id, file, 1);
    await expectStored(id, file);
  });

  it('is kept as a whole or not at all: what breaks leaves no half of it', async () => {
    const large = sample(2_000_000);
    const id = await pond.begin(large.length);
    const cut = new InterimRequest('PATCH', `${pond.url}?patch=${id}`, {
      'x-user': 'ann',
      ...OCTETS,
      'upload-offset': '0',
      'upload-length': String(large.length),
      'upload-name': 'a.txt',
      'content-length': '1500000',
    });
    await cut.write(large.subarray(0, 1_000_000));
    await until('it writes', async () => (await host.uploads.findOne(id)).leaseToken !== null);
    cut.cut();
    await until('it does not any more', async () => {
      return (await host.uploads.findOne(id)).leaseToken === null;
    });
    expect((await pond.head(id)).headers.get('upload-offset')).toBe('0');
    // The one that broke is sent again.
    const answer = await fetch(`${pond.url}?patch=${id}`, {
      method: 'PATCH',
      headers: { 'x-user': 'ann', ...OCTETS, 'upload-offset': '0', 'upload-length': '2000000' },
      body: large,
    });
    expect(answer.status).toBe(204);
    await expectStored(id, large);
    expect((await uploads().get(id)).upload).toMatchObject({ filename: 'a.txt' });
  });

  it('is kept as a whole or not at all when its sender goes silent', async () => {
    const id = await pond.begin(file.length);
    const silent = new InterimRequest('PATCH', `${pond.url}?patch=${id}`, {
      'x-user': 'ann',
      ...OCTETS,
      'upload-offset': '0',
      'upload-length': '250',
      'upload-name': 'a.txt',
      'content-length': '100',
    });
    await silent.write(file.subarray(0, 50));
    await until('it writes', async () => (await host.uploads.findOne(id)).leaseToken !== null);
    await until('it is silent', async () => {
      await pond.head(id);
      return (await host.uploads.findOne(id)).leaseToken === null;
    });
    expect((await pond.head(id)).headers.get('upload-offset')).toBe('0');
    silent.cut();
    await pond.send(id, file);
    await expectStored(id, file);
  });

  it('that begins before the offset brings what is missing of it', async () => {
    const id = await pond.begin(file.length);
    await uploads().put('bytes 0-149/250', file.subarray(0, 150), { id });
    expect((await pond.patch(id, file, 1)).status).toBe(204);
    expect((await pond.head(id)).headers.get('upload-offset')).toBe('200');
    await pond.send(id, file, 2);
    await expectStored(id, file);
  });

  it('beyond the offset leaves no hole', async () => {
    const id = await pond.begin(file.length);
    const answer = await pond.patch(id, file, 1);
    expect(answer.status).toBe(400);
    expect(await answer.json()).toMatchObject({ detail: 'Offsets do not match', offset: 0 });
    const empty = await pond.begin(200);
    expect((await pond.patch(empty, sample(200), 2)).status).toBe(400);
  });

  it.each([
    ['upload-offset', ''],
    ['upload-offset', 'x'],
    ['upload-offset', '-1'],
    ['upload-length', '1e3'],
    ['upload-length', '99999999999999999999'],
    ['upload-name', ' '],
    ['upload-name', '..'],
  ])('is refused with %s: %j', async (field, value) => {
    const id = await pond.begin(file.length);
    const good = { 'upload-offset': '0', 'upload-length': '250', 'upload-name': 'a.txt' };
    const answer = await fetch(`${pond.url}?patch=${id}`, {
      method: 'PATCH',
      headers: { 'x-user': 'ann', ...OCTETS, ...good, [field]: value },
      body: file.subarray(0, 100),
    });
    expect(answer.status).toBe(400);
    expect((await pond.head(id)).headers.get('upload-offset')).toBe('0');
  });

  it.each(['multipart/form-data; boundary=b', 'Multipart/Mixed'])(
    'is no form, which would be kept with its boundaries: %s',
    async (type) => {
      const id = await pond.begin(file.length);
      const answer = await fetch(`${pond.url}?patch=${id}`, {
        method: 'PATCH',
        headers: { 'x-user': 'ann', 'content-type': type, 'upload-offset': '0' },
        body: file,
      });
      expect(answer.status).toBe(415);
      expect((await pond.head(id)).headers.get('upload-offset')).toBe('0');
    },
  );

  it('needs an id, of an upload that there is', async () => {
    expect((await pond.patch('', file, 0)).status).toBe(400);
    expect((await pond.patch('nonsense', file, 0)).status).toBe(404);
    expect((await pond.patch('6f1ed002-ab5e-4d1d-a5a1-b0c9a4a0f0ff', file, 0)).status).toBe(404);
    expect((await pond.head('6f1ed002-ab5e-4d1d-a5a1-b0c9a4a0f0ff')).status).toBe(404);
  });

  it('of an upload that has been given up is refused for good', async () => {
    const id = await pond.begin(file.length);
    await host.uploads.abort(id);
    expect((await pond.patch(id, file, 0)).status).toBe(410);
    expect((await pond.head(id)).status).toBe(410);
  });
});

describe('A rule', () => {
  const notes = new Pond('notes');

  it('refuses a size when the upload begins', async () => {
    const answer = await notes.create(1001);
    expect(answer.status).toBe(400);
    expect(await answer.json()).toEqual({ detail: 'Size of file exceeds the limit (1000 bytes)' });
    const small = await notes.create(5);
    expect(small.status).toBe(400);
    expect(await small.json()).toMatchObject({ detail: { file: [expect.any(String)] } });
  });

  it('refuses a name with the first chunk, which is where it comes', async () => {
    const id = await notes.begin(file.length);
    const answer = await notes.patch(id, file, 0, 'a.exe');
    expect(answer.status).toBe(400);
    const { detail } = (await answer.json()) as { detail: { file: string[] } };
    expect(detail.file[0]).toMatch(/exe/);
    expect((await uploads('notes').get(id)).upload).toMatchObject({ offset: 0 });
  });

  it('refuses a name in the metadata when the upload begins', async () => {
    const answer = await notes.create(file.length, { filename: 'a.exe' });
    expect(answer.status).toBe(400);
  });

  it('takes an empty file by its name, too', async () => {
    const typed = new Pond('typed');
    const id = await typed.begin(0);
    expect((await typed.patch(id, new Uint8Array(0), 0, 'a.exe')).status).toBe(400);
    expect((await typed.patch(id, new Uint8Array(0), 0, 'a.csv')).status).toBe(204);
    expect((await uploads('typed').get(id)).upload).toMatchObject({ filename: 'a.csv', status: 2 });
  });

  it('judges one whose name never comes by its id, and no sooner than its bytes', async () => {
    const id = await notes.begin(file.length);
    const early = await uploads('notes').complete(id, md5(file));
    expect(early).toMatchObject({ status: 400, body: { offset: 0, total: 250 } });
    const answer = await uploads('notes').put('bytes 0-249/250', file, { id });
    expect(answer).toMatchObject({ status: 400, detail: { file: [expect.any(String)] } });
    expect((await notes.head(id)).headers.get('upload-offset')).toBe('0');
  });

  it('keeps the name that the first chunk said', async () => {
    const id = await notes.begin(file.length);
    await notes.patch(id, file, 0, 'a.txt');
    expect((await notes.patch(id, file, 1, 'b.exe')).status).toBe(204);
    expect((await uploads('notes').get(id)).upload).toMatchObject({ filename: 'a.txt' });
  });

  it('refuses a whole file', async () => {
    expect((await notes.whole(file, 'a.exe')).status).toBe(400);
    expect((await notes.whole(sample(1001))).status).toBe(400);
  });
});

describe('A file that is not cut', () => {
  it.each(['filepond', 'file'])('comes in one form, as the part %s', async (part) => {
    const form = new FormData();
    form.append(part, '{}');
    form.append(part, new Blob([Buffer.from(file)]), 'a.txt');
    const answer = await fetch(pond.url, {
      method: 'POST',
      headers: { 'x-user': 'ann' },
      body: form,
    });
    expect(answer.status).toBe(200);
    expect(answer.headers.get('content-type')).toBe('text/plain; charset=utf-8');
    const id = await answer.text();
    await expectStored(id, file);
    expect((await uploads().get(id)).upload).toMatchObject({ filename: 'a.txt' });
    const row = await host.uploads.findOne(id);
    expect(row.checksum).toBe(md5(file));
  });

  it('has what its page says of it', async () => {
    const notes = new Pond('notes');
    const answer = await notes.whole(file, 'a.txt', { title: 'A title', md5: md5(file) });
    const { upload } = await uploads('notes').get(await answer.text());
    expect(upload).toMatchObject({ title: 'A title', status: 2 });
  });

  it('is compared with the sum that its page says', async () => {
    const answer = await pond.whole(file, 'a.txt', { md5: md5(Buffer.from('other')) });
    expect(answer.status).toBe(400);
    expect(await answer.json()).toEqual({ detail: 'md5 checksum does not match' });
  });

  it('without the mark of FilePond is asked for its sum as ever', async () => {
    const form = new FormData();
    form.append('file', new Blob([Buffer.from(file)]), 'a.txt');
    const answer = await fetch(pond.url, {
      method: 'POST',
      headers: { 'x-user': 'ann' },
      body: form,
    });
    expect(answer.status).toBe(400);
    expect(await answer.json()).toHaveProperty('detail');
  });
});

describe('To take it back', () => {
  it('removes an upload, complete or not', async () => {
    const begun = await pond.begin(file.length);
    const whole = await (await pond.whole(file)).text();
    for (const id of [begun, whole]) {
      expect((await pond.revert(id)).status).toBe(204);
      expect((await uploads().get(id)).status).toBe(404);
      expect((await pond.revert(id)).status).toBe(404);
    }
  });

  it('needs an id', async () => {
    expect((await pond.revert('')).status).toBe(400);
    expect((await pond.revert('x'.repeat(10_000))).status).toBe(400);
  });
});

describe('Others', () => {
  it('do not see it', async () => {
    const id = await pond.begin(file.length);
    const bob = new Pond('uploads', 'bob');
    expect((await bob.head(id)).status).toBe(404);
    expect((await bob.patch(id, file, 0)).status).toBe(404);
    expect((await bob.revert(id)).status).toBe(404);
    expect((await pond.head(id)).headers.get('upload-offset')).toBe('0');
  });
});

describe('onComplete', () => {
  it('runs with a question where all bytes are there: no other chunk would be sent', async () => {
    const hooked = new Pond('hooked');
    let asked = 0;
    onComplete = () => {
      asked += 1;
      if (asked < 3) throw new ConflictException('not today');
    };
    const id = await hooked.begin(file.length);
    for (const index of [0, 1, 2]) await hooked.patch(id, file, index);
    expect((await hooked.head(id)).status).toBe(409);
    expect((await hooked.head(id)).headers.get('upload-offset')).toBe('250');
    expect(asked).toBe(3);
    await expectStored(id, file, 'hooked');
  });

  it('runs with the last chunk, which may be sent again where it fails', async () => {
    const hooked = new Pond('hooked');
    let asked = 0;
    onComplete = () => {
      asked += 1;
      if (asked === 1) throw new ConflictException('not today');
      return { attachment: 7 };
    };
    const id = await hooked.begin(file.length);
    expect((await hooked.patch(id, file, 0)).status).toBe(204);
    expect((await hooked.patch(id, file, 1)).status).toBe(204);
    const refused = await hooked.patch(id, file, 2);
    expect(refused.status).toBe(409);
    expect(await refused.json()).toMatchObject({ message: 'not today' });
    expect((await hooked.patch(id, file, 2)).status).toBe(204);
    expect(asked).toBe(2);
    await expectStored(id, file, 'hooked');
    expect((await hooked.patch(id, file, 2)).status).toBe(204);
    expect(asked).toBe(2);
    const sum = createHash('sha256').update(file).digest('hex');
    expect((await uploads('hooked').get(id)).upload).toMatchObject({ status: 2 });
    const again = await uploads('hooked').postForm({ sha256: sum }, { id });
    expect(again.body).toEqual({ attachment: 7 });
  });
});
