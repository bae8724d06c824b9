import { createHash } from 'node:crypto';
import { setTimeout as sleep } from 'node:timers/promises';
import { crc32 } from 'node:zlib';
import {
  type CanActivate,
  ConflictException,
  ForbiddenException,
  Injectable,
  ServiceUnavailableException,
  UnauthorizedException,
  UseGuards,
} from '@nestjs/common';
import { IsOptional, IsString } from 'class-validator';
import {
  AbstractChunkedUpload,
  ChunkedUpload,
  ChunkedUploadController,
  type UploadContext,
} from 'nestjs-chunked-upload';
import { Column, Entity } from 'typeorm';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { type Answer, openWire } from '../support/chunk-wire.js';
import { type Host, startHost } from '../support/host.js';
import { RawConnection } from '../support/raw-connection.js';
import { UploadClient, md5, sample } from '../support/upload-client.js';
import { until } from '../support/waiting.js';

// tus 1.0 by its text, section by section: <https://tus.io/protocols/resumable-upload>. Each test says a
// MUST or a SHOULD of it. Real clients are in test/browser and test/faults.

const OCTETS = 'application/offset+octet-stream';
const MOST = 100_000;
const NO_BYTES = Buffer.alloc(0);

class TitleField {
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
class Hooked extends AbstractChunkedUpload {}

@Entity()
class Guarded extends AbstractChunkedUpload {}

@Injectable()
class NobodyGuard implements CanActivate {
  canActivate(): boolean {
    throw new UnauthorizedException();
  }
}

@UseGuards(NobodyGuard)
class GuardedController extends ChunkedUploadController {}

@Entity()
class Only extends AbstractChunkedUpload {}

class FileTypeField {
  @IsOptional()
  @IsString()
  filetype?: string;
}

@Entity()
class Picture extends AbstractChunkedUpload {
  @Column('text', { nullable: true })
  filetype!: string | null;
}

@Entity()
class Mistaken extends AbstractChunkedUpload {}

/** What the host's own code does next. */
const mistakes: { user: () => unknown; access: () => unknown } = {
  user: () => undefined,
  access: () => undefined,
};

class MistakenController extends ChunkedUploadController {
  protected override access(context: UploadContext) {
    mistakes.access();
    return super.access(context);
  }
}

type Fields = Readonly<Record<string, string>>;

let host: Host;
let onComplete: () => unknown = () => undefined;
const file = sample(300);

beforeAll(async () => {
  host = await startHost({
    types: [
      {
        path: 'notes',
        entity: Note,
        fields: TitleField,
        maxBytes: MOST,
        allowedExtensions: ['txt'],
      },
      { path: 'hooked', entity: Hooked, onComplete: () => onComplete() },
      { path: 'guarded', entity: Guarded, controller: GuardedController },
      { path: 'only', entity: Only, protocols: ['content-range'] },
      { path: 'pictures', entity: Picture, fields: FileTypeField, allowedMimeTypes: ['image/png'] },
      {
        path: 'mistaken',
        entity: Mistaken,
        controller: MistakenController,
        user: () => (mistakes.user() ?? 'ann') as string,
      },
    ],
  });
});
afterAll(() => host?.close());
beforeEach(() => {
  onComplete = () => undefined;
  mistakes.user = () => undefined;
  mistakes.access = () => undefined;
});

/** A client of tus, as far as a server sees it. */
class TusClient {
  constructor(
    readonly path = '/uploads',
    readonly user: string | null = 'ann',
  ) {}

  async ask(
    method: string,
    url: string,
    fields: Fields = {},
    body: Uint8Array | null = null,
  ): Promise<Response> {
    const headers = {
      'tus-resumable': '1.0.0',
      ...(this.user === null ? {} : { 'x-user': this.user }),
      ...fields,
    };
    return fetch(new URL(url, host.url), { method, headers, body: body as BodyInit | null });
  }

  async create(fields: Fields, body: Uint8Array | null = null): Promise<Response> {
    return this.ask('POST', this.path, fields, body);
  }

  /** The location of an upload that has been created. */
  async begin(length: number, metadata: Fields = {}, fields: Fields = {}): Promise<string> {
    const answer = await this.create({
      'upload-length': String(length),
      ...metadataOf(metadata),
      ...fields,
    });
    expect(answer.status).toBe(201);
    return answer.headers.get('location') ?? '';
  }

  async patch(
    url: string,
    offset: number,
    bytes: Uint8Array | null,
    fields: Fields = {},
  ): Promise<Response> {
    const own = { 'content-type': OCTETS, 'upload-offset': String(offset) };
    return this.ask('PATCH', url, { ...own, ...fields }, bytes);
  }

  /** As Java's client sends a file: in HTTP's own chunks, and it has begun the request before it reads. */
  async stream(url: string, offset: number, bytes: Uint8Array): Promise<Answer> {
    const own = { 'content-type': OCTETS, 'upload-offset': String(offset) };
    const headers = { 'tus-resumable': '1.0.0', 'x-user': this.user ?? '', ...own };
    const wire = openWire('PATCH', new URL(url, host.url).href, headers, false);
    await new Promise<void>((resolve) => wire.write(bytes, resolve));
    wire.end(NO_BYTES);
    return wire.answer;
  }

  async head(url: string): Promise<Response> {
    return this.ask('HEAD', url);
  }

  async offset(url: string): Promise<number> {
    const answer = await this.head(url);
    expect(answer.status).toBe(200);
    return Number(answer.headers.get('upload-offset'));
  }

  idOf(url: string): string {
    return url.split('/').at(-1) ?? '';
  }

  /** What the library itself says of the upload. */
  async show(url: string) {
    return new UploadClient(`${host.url}${this.path}`, this.user).get(this.idOf(url));
  }
}

function metadataOf(metadata: Fields): Fields {
  const pairs = Object.entries(metadata).map(
    ([key, value]) => `${key} ${Buffer.from(value).toString('base64')}`,
  );
  return pairs.length > 0 ? { 'upload-metadata': pairs.join(',') } : {};
}

function throwing(error: Error): () => unknown {
  return () => {
    throw error;
  };
}

async function detailOf(answer: Response): Promise<unknown> {
  return ((await answer.json()) as { detail: unknown }).detail;
}

const ann = new TusClient();
const notes = new TusClient('/notes');
const hooked = new TusClient('/hooked');

describe('Core protocol', () => {
  it('HEAD: tells the offset, the length, and is never cached', async () => {
    const url = await ann.begin(300);
    await ann.patch(url, 0, file.subarray(0, 100));
    const answer = await ann.head(url);
    expect(answer.status).toBe(200);
    expect(answer.headers.get('upload-offset')).toBe('100');
    expect(answer.headers.get('upload-length')).toBe('300');
    expect(answer.headers.get('cache-control')).toContain('no-store');
  });

  it('HEAD: the metadata is as the client has sent it', async () => {
    const sent = 'filename YS50eHQ=,is_confidential,x w7w=';
    const url = await ann.begin(300, {}, { 'upload-metadata': sent });
    expect((await ann.head(url)).headers.get('upload-metadata')).toBe(sent);
  });

  it.each(['gone', 'never there', 'of somebody else'])(
    'HEAD: an upload that is %s has no offset',
    async (which) => {
      const url = await ann.begin(300);
      if (which === 'gone') await ann.ask('DELETE', url);
      const asked = which === 'never there' ? `${url.slice(0, -2)}00` : url;
      const asker = which === 'of somebody else' ? new TusClient('/uploads', 'bob') : ann;
      const answer = await asker.head(asked);
      expect(answer.status).toBe(404);
      expect(answer.headers.get('upload-offset')).toBeNull();
    },
  );

  it('HEAD: an upload that was aborted is 410, without an offset', async () => {
    const url = await ann.begin(300);
    await host.uploads.abort(ann.idOf(url));
    const answer = await ann.head(url);
    expect(answer.status).toBe(410);
    expect(answer.headers.get('upload-offset')).toBeNull();
  });

  it('PATCH: takes the bytes and tells the new offset', async () => {
    const url = await ann.begin(300);
    const answer = await ann.patch(url, 0, file.subarray(0, 120));
    expect(answer.status).toBe(204);
    expect(answer.headers.get('upload-offset')).toBe('120');
    expect(await answer.text()).toBe('');
  });

  it('PATCH: the last byte completes the upload', async () => {
    const url = await ann.begin(300, { filename: 'ü.txt' });
    await ann.patch(url, 0, file.subarray(0, 120));
    const answer = await ann.patch(url, 120, file.subarray(120));
    expect(answer.status).toBe(204);
    expect(answer.headers.get('upload-offset')).toBe('300');
    expect((await ann.show(url)).upload).toMatchObject({
      status: 2,
      filename: 'ü.txt',
      total: 300,
    });
    const [row] = await host.dataSource.getRepository(ChunkedUpload).findBy({ id: ann.idOf(url) });
    expect(row).toMatchObject({ checksum: md5(file), protocol: 'tus' });
    const download = await new UploadClient(`${host.url}/uploads`).download(ann.idOf(url));
    expect(download.bytes.equals(file)).toBe(true);
  });

  it('PATCH: of another media type is 415', async () => {
    const url = await ann.begin(300);
    const answer = await ann.patch(url, 0, file, { 'content-type': 'application/octet-stream' });
    expect(answer.status).toBe(415);
    expect(await ann.offset(url)).toBe(0);
  });

  it.each([0, 200])('PATCH: at another offset (%s) is 409, and changes nothing', async (offset) => {
    const url = await ann.begin(300);
    await ann.patch(url, 0, file.subarray(0, 100));
    const answer = await ann.patch(url, offset, file.subarray(0, 50));
    expect(answer.status).toBe(409);
    expect(await detailOf(answer)).toBe('Offsets do not match');
    expect(answer.headers.get('upload-offset')).toBe('100');
    expect(await ann.offset(url)).toBe(100);
  });

  it.each(['', 'x', '-1', '1.5', '99999999999999999999'])(
    'PATCH: with the offset "%s" is 400',
    async (offset) => {
      const url = await ann.begin(300);
      expect((await ann.patch(url, 0, file, { 'upload-offset': offset })).status).toBe(400);
    },
  );

  it('PATCH: to what is not there is 404, to what was aborted 410', async () => {
    const url = await ann.begin(300);
    await host.uploads.abort(ann.idOf(url));
    expect((await ann.patch(url, 0, file)).status).toBe(410);
    await ann.ask('DELETE', url);
    expect((await ann.patch(url, 0, file)).status).toBe(404);
  });

  it('PATCH: more than the length is 413, and changes nothing', async () => {
    const url = await ann.begin(200);
    expect((await ann.patch(url, 0, file)).status).toBe(413);
    expect(await ann.offset(url)).toBe(0);
  });

  it('PATCH: without bytes tells where the upload is', async () => {
    const url = await ann.begin(300);
    await ann.patch(url, 0, file);
    // As after an answer that was lost: it is complete already.
    const again = await ann.patch(url, 300, null);
    expect(again.status).toBe(204);
    expect(again.headers.get('upload-offset')).toBe('300');
    expect((await ann.patch(url, 299, null)).status).toBe(409);
  });

  it('PATCH: that nothing announces, and that ends without bytes, tells it too', async () => {
    const url = await ann.begin(300);
    const next = async (offset: number, bytes = NO_BYTES) => {
      const { status, headers } = await ann.stream(url, offset, bytes);
      return [status, headers['upload-offset']];
    };
    expect(await next(0)).toEqual([204, '0']);
    expect(await next(0, file)).toEqual([204, '300']);
    expect(await next(300)).toEqual([204, '300']);
    expect(await next(299)).toEqual([409, '300']);
    // There are bytes: they are none of this upload.
    expect(await next(300, file)).toEqual([409, undefined]);
    const empty = await ann.begin(0);
    expect((await ann.stream(empty, 0, NO_BYTES)).status).toBe(204);
    await ann.ask('DELETE', url);
    expect(await next(300)).toEqual([404, undefined]);
  });

  it('PATCH: to a complete upload is 409, after which its client asks and has all', async () => {
    const url = await ann.begin(300);
    await ann.patch(url, 0, file);
    expect((await ann.patch(url, 200, file.subarray(200))).status).toBe(409);
    expect(await ann.offset(url)).toBe(300);
  });

  it('PATCH: what has come of a request that breaks off is kept', async () => {
    const url = await ann.begin(300_000);
    const headers = { 'tus-resumable': '1.0.0', 'x-user': 'ann', 'content-type': OCTETS };
    const patch = { ...headers, 'upload-offset': '0' };
    const wire = openWire('PATCH', new URL(url, host.url).href, patch, false);
    wire.answer.catch(() => undefined);
    await new Promise<void>((resolve) => wire.write(sample(70_000), resolve));
    const { uploads } = host;
    await until('it has come', async () => {
      const at = await uploads.findOne(ann.idOf(url));
      return at.leaseToken !== null;
    });
    wire.cut('reset');
    await until('it is kept', async () => (await ann.offset(url)) === 70_000);
  });

  it('PATCH: while another one sends is 423, after which it may be tried again', async () => {
    const url = await ann.begin(300_000);
    const headers = { 'tus-resumable': '1.0.0', 'x-user': 'ann', 'content-type': OCTETS };
    const patch = { ...headers, 'upload-offset': '0' };
    const wire = openWire('PATCH', new URL(url, host.url).href, patch, false);
    const first = wire.answer;
    first.catch(() => undefined);
    const send = async () => new Promise<void>((resolve) => wire.write(sample(100), resolve));
    await send();
    await until('it writes', async () => {
      return (await host.uploads.findOne(ann.idOf(url))).leaseToken !== null;
    });
    let met: Response | null = null;
    const meeting = ann.patch(url, 0, file).then((answer) => (met = answer));
    let sent = 100;
    for (; !met; sent += 100) {
      await send();
      await sleep(20);
    }
    const answer = await meeting;
    expect(answer.status).toBe(423);
    expect(answer.headers.get('retry-after')).toBe('1');
    expect(answer.headers.get('tus-resumable')).toBe('1.0.0');
    wire.end(Buffer.alloc(0));
    expect((await first).status).toBe(204);
    expect(await ann.offset(url)).toBe(sent);
  });

  it('OPTIONS: tells version, extensions, limits', async () => {
    const answer = await fetch(`${host.url}/notes`, { method: 'OPTIONS' });
    expect(answer.status).toBe(204);
    expect(answer.headers.get('tus-version')).toBe('1.0.0');
    expect(answer.headers.get('tus-extension')).toBe(
      'creation,creation-with-upload,creation-defer-length,termination,checksum,expiration',
    );
    expect(answer.headers.get('tus-max-size')).toBe(String(MOST));
    expect(answer.headers.get('tus-checksum-algorithm')).toBe('sha1,md5,sha256,sha512,crc32');
  });

  it('OPTIONS: of an upload is no question whether it is there, which browsers ask before a HEAD', async () => {
    const url = await ann.begin(300);
    await ann.ask('DELETE', url);
    const answer = await fetch(host.url + url, { method: 'OPTIONS' });
    expect(answer.status).toBe(204);
    expect(answer.headers.get('tus-version')).toBe('1.0.0');
    expect(answer.headers.get('allow')).toContain('PATCH');
    const download = await fetch(`${host.url}${url}/file`, { method: 'OPTIONS' });
    expect([download.status, download.headers.get('allow')]).toEqual([204, 'GET, HEAD, OPTIONS']);
  });

  it('OPTIONS: is answered also where a hook of the host wants a user, whom a preflight never brings', async () => {
    const mistaken = new TusClient('/mistaken');
    const url = await mistaken.begin(300);
    mistakes.user = throwing(new TypeError('Cannot read properties of undefined'));
    for (const asked of [url, '/mistaken']) {
      const answer = await fetch(host.url + asked, { method: 'OPTIONS' });
      expect([answer.status, answer.headers.get('tus-version')], asked).toEqual([204, '1.0.0']);
    }
  });

  it.each(['0.2.2', 'x'])('OPTIONS: passes over the version (%s)', async (version) => {
    const answer = await ann.ask('OPTIONS', '/notes', { 'tus-resumable': version });
    expect(answer.status).toBe(204);
    expect(answer.headers.get('tus-version')).toBe('1.0.0');
  });

  it.each(['0.2.2', '1.0.1', '', 'x'])(
    'another version (%s) is 412, and nothing is done',
    async (v) => {
      const url = await ann.begin(300);
      const rows = await host.dataSource.getRepository(ChunkedUpload).count();
      const fields = { 'tus-resumable': v };
      const answers = [
        await ann.patch(url, 0, file, fields),
        await ann.ask('HEAD', url, fields),
        await ann.ask('DELETE', url, fields),
        await ann.create({ 'upload-length': '1', ...fields }),
        await ann.create({ 'upload-length': '300', 'content-type': OCTETS, ...fields }, file),
      ];
      for (const { status, headers } of answers) {
        expect(status).toBe(412);
        expect(headers.get('tus-version')).toBe('1.0.0');
        expect(headers.get('tus-resumable')).toBe('1.0.0');
        expect(headers.get('upload-offset')).toBeNull();
      }
      expect(await ann.offset(url)).toBe(0);
      expect(await host.dataSource.getRepository(ChunkedUpload).count()).toBe(rows);
    },
  );

  it.each([
    ['POST', '/uploads', { 'upload-length': '5' }, 201],
    ['POST', '/uploads', {}, 400],
    ['HEAD', '/uploads/00000000-0000-4000-8000-000000000000', {}, 404],
    ['PATCH', '/uploads', {}, 400],
    ['DELETE', '/uploads/1', {}, 404],
    ['POST', '/uploads/1', {}, 400],
  ])('every answer bears the version: %s %s', async (method, url, fields, status) => {
    const answer = await ann.ask(method, url, fields);
    expect(answer.status).toBe(status);
    expect(answer.headers.get('tus-resumable')).toBe('1.0.0');
  });

  it('every answer bears the version: that of a guard of the host, too', async () => {
    const answer = await new TusClient('/guarded').create({ 'upload-length': '5' });
    expect(answer.status).toBe(401);
    expect(answer.headers.get('tus-resumable')).toBe('1.0.0');
  });
});

describe('Creation', () => {
  it('answers 201 with the location, below the same URL', async () => {
    const answer = await ann.create({ 'upload-length': '300' });
    expect(answer.status).toBe(201);
    expect(answer.headers.get('location')).toMatch(/^\/uploads\/[\da-f-]{36}$/);
    expect(answer.headers.get('upload-offset')).toBe('0');
  });

  it.each([
    ['nothing', {}],
    ['no number', { 'upload-length': 'many' }],
    ['less than nothing', { 'upload-length': '-1' }],
    ['both', { 'upload-length': '1', 'upload-defer-length': '1' }],
    ['deferred by another word', { 'upload-defer-length': '2' }],
  ])('the length has to be said: %s is 400', async (_what, fields) => {
    expect((await ann.create(fields)).status).toBe(400);
  });

  it('more than the limit is 413', async () => {
    const answer = await notes.create({
      'upload-length': String(MOST + 1),
      ...metadataOf({ filename: 'a.txt' }),
    });
    expect(answer.status).toBe(413);
    expect(await detailOf(answer)).toBe(`Size of file exceeds the limit (${MOST} bytes)`);
  });

  it.each([undefined, 'text/plain', 'application/x-www-form-urlencoded'])(
    'without bytes it has no type, also where nothing announces that there are none (%s)',
    async (type) => {
      for (const length of ['0', '100']) {
        const connection = await RawConnection.open(host.url);
        const fields = { 'tus-resumable': '1.0.0', 'x-user': 'ann', 'upload-length': length };
        const typed: Fields = type === undefined ? {} : { 'content-type': type };
        const pieces = { 'transfer-encoding': 'chunked' };
        await connection.head('POST', '/uploads', { ...fields, ...typed, ...pieces });
        await connection.writePiece(NO_BYTES);
        expect((await connection.answer()).status).toBe(201);
        connection.destroy();
      }
    },
  );

  it('an empty file is complete at once', async () => {
    const url = await ann.begin(0, { filename: 'nothing' });
    expect((await ann.show(url)).upload).toMatchObject({ status: 2, offset: 0, total: 0 });
    expect(await ann.offset(url)).toBe(0);
  });

  it('what the metadata says is the upload’s: name, owner, fields', async () => {
    const url = await notes.begin(5, { name: 'a.txt', title: 'Ünïcode', unknown: 'x' });
    expect((await notes.show(url)).upload).toMatchObject({ filename: 'a.txt', title: 'Ünïcode' });
    const owner = { filename: 'a.txt', owner_type: 'nobody', owner_id: '1' };
    const answer = await notes.create({ 'upload-length': '5', ...metadataOf(owner) });
    expect(answer.status).toBe(400);
    expect(await detailOf(answer)).toHaveProperty('owner_type');
  });

  it('a rule refuses with its words, and nothing is left', async () => {
    const before = await host.dataSource.getRepository(Note).count();
    const fields = { 'upload-length': '5', ...metadataOf({ filename: 'a.exe' }) };
    const answer = await notes.create(fields);
    expect(answer.status).toBe(400);
    expect(await detailOf(answer)).toHaveProperty('file');
    expect(await host.dataSource.getRepository(Note).count()).toBe(before);
  });

  it.each(['a b c', 'a !', 'a YQ==,a YQ==', ','])(
    'metadata that is not well-formed (%s) is 400',
    async (metadata) => {
      const fields = { 'upload-length': '5', 'upload-metadata': metadata };
      expect((await ann.create(fields)).status).toBe(400);
    },
  );

  it.each(['filename', 'name', 'owner_type', 'owner_id', 'title', 'md5'])(
    'metadata that is used has to be UTF-8: %s',
    async (key) => {
      const fields = { 'upload-length': '5', 'upload-metadata': `${key} /w==` };
      const answer = await notes.create(fields);
      expect(answer.status).toBe(400);
      expect(await detailOf(answer)).toMatch(`the value of ${key} is not UTF-8`);
    },
  );

  it('metadata that nobody uses may be any bytes, and stays as it was sent', async () => {
    const sent = 'filename YS50eHQ=,thumbnail /9j/4A==,sha256 /w==,title';
    const url = await notes.begin(5, {}, { 'upload-metadata': sent });
    expect((await notes.head(url)).headers.get('upload-metadata')).toBe(sent);
    await notes.patch(url, 0, sample(5));
    expect((await notes.show(url)).upload).toMatchObject({ status: 2, title: '' });
  });

  it('what the client says of the type is a field at most: rules look at the bytes', async () => {
    const pictures = new TusClient('/pictures');
    const png = Buffer.from('89504e470d0a1a0a0000000d49484452', 'hex');
    const metadata = { filename: 'a.png', filetype: 'text/plain' };
    const url = await pictures.begin(png.length, metadata);
    expect((await pictures.patch(url, 0, png)).status).toBe(204);
    expect((await pictures.show(url)).upload).toMatchObject({ status: 2, filetype: 'text/plain' });
    const lie = { filename: 'a.png', filetype: 'image/png' };
    const other = await pictures.patch(
      await pictures.begin(10, lie),
      0,
      Buffer.from('%PDF-1.7\n%'),
    );
    expect(other.status).toBe(400);
    expect(await detailOf(other)).toHaveProperty('file');
  });

  it('parts of a file (concatenation) are refused, by a status that nobody repeats', async () => {
    const answer = await ann.create({ 'upload-length': '5', 'upload-concat': 'partial' });
    expect(answer.status).toBe(400);
  });
});

describe('Creation With Upload', () => {
  it('takes the first bytes', async () => {
    const fields = { 'upload-length': '300', 'content-type': OCTETS };
    const answer = await ann.create(fields, file.subarray(0, 100));
    expect(answer.status).toBe(201);
    expect(answer.headers.get('upload-offset')).toBe('100');
    expect(await ann.offset(answer.headers.get('location') ?? '')).toBe(100);
  });

  it('takes all of them', async () => {
    const fields = { 'upload-length': '300', 'content-type': OCTETS };
    const answer = await ann.create(fields, file);
    expect(answer.status).toBe(201);
    expect(answer.headers.get('upload-offset')).toBe('300');
    const { upload } = await ann.show(answer.headers.get('location') ?? '');
    expect(upload.status).toBe(2);
  });

  it('takes them with a sum that matches', async () => {
    const sum = createHash('sha1').update(file.subarray(0, 100)).digest('base64');
    const said = { 'content-type': OCTETS, 'upload-checksum': `sha1 ${sum}` };
    const answer = await ann.create({ 'upload-length': '300', ...said }, file.subarray(0, 100));
    expect(answer.status).toBe(201);
    expect(answer.headers.get('upload-offset')).toBe('100');
  });

  it('of another media type is 415, and nothing is left', async () => {
    const before = await host.dataSource.getRepository(ChunkedUpload).count();
    const answer = await ann.create({ 'upload-length': '300', 'content-type': 'text/plain' }, file);
    expect(answer.status).toBe(415);
    expect(await host.dataSource.getRepository(ChunkedUpload).count()).toBe(before);
  });
});

describe('Creation With Upload, refused', () => {
  it('leaves nothing, and tells no location', async () => {
    const before = await host.dataSource.getRepository(ChunkedUpload).count();
    const sum = createHash('sha1').update('other').digest('base64');
    const fields = { 'upload-length': '300', 'content-type': OCTETS };
    const wrong = await ann.create({ ...fields, 'upload-checksum': `sha1 ${sum}` }, file);
    expect(wrong.status).toBe(460);
    expect(wrong.headers.get('location')).toBeNull();
    const said = metadataOf({ md5: md5(sample(3)) });
    const other = await ann.create({ ...fields, ...said }, file);
    expect(other.status).toBe(460);
    expect(other.headers.get('location')).toBeNull();
    expect(await host.dataSource.getRepository(ChunkedUpload).count()).toBe(before);
  });

  it('by onComplete alone, stays, and tells where', async () => {
    onComplete = () => {
      throw new ConflictException('Not now');
    };
    const fields = { 'upload-length': '300', 'content-type': OCTETS };
    const answer = await hooked.create(fields, file);
    expect(answer.status).toBe(409);
    onComplete = () => undefined;
    expect(await hooked.offset(answer.headers.get('location') ?? '')).toBe(300);
  });
});

describe('Creation Defer Length', () => {
  it('the length may come later, with bytes or without', async () => {
    const created = await ann.create({ 'upload-defer-length': '1' });
    expect(created.status).toBe(201);
    const url = created.headers.get('location') ?? '';
    for (const end of [0, 100, 300]) {
      const asked = await ann.head(url);
      expect(asked.headers.get('upload-defer-length')).toBe('1');
      expect(asked.headers.get('upload-length')).toBeNull();
      const offset = Number(asked.headers.get('upload-offset'));
      if (end > offset) await ann.patch(url, offset, file.subarray(offset, end));
    }
    expect((await ann.head(url)).headers.get('upload-defer-length')).toBe('1');
    expect((await ann.show(url)).upload).toMatchObject({ status: 1, offset: 300 });
    const answer = await ann.patch(url, 300, null, { 'upload-length': '300' });
    expect(answer.status).toBe(204);
    expect((await ann.show(url)).upload).toMatchObject({ status: 2, total: 300 });
    expect((await ann.head(url)).headers.get('upload-defer-length')).toBeNull();
  });

  it('bytes past the limit are 413 before a length is said, and as that is', async () => {
    const deferred = { 'upload-defer-length': '1', ...metadataOf({ filename: 'a.txt' }) };
    const url = (await notes.create(deferred)).headers.get('location') ?? '';
    const text = Buffer.alloc(MOST, 'a');
    expect((await notes.patch(url, 0, text.subarray(0, 10))).status).toBe(204);
    expect((await notes.patch(url, 10, text)).status).toBe(413);
    expect(await notes.offset(url)).toBe(10);
    const length = { 'upload-length': String(MOST + 1) };
    expect((await notes.patch(url, 10, null, length)).status).toBe(413);
    expect((await notes.patch(url, 10, text.subarray(10))).status).toBe(204);
    expect(await notes.offset(url)).toBe(MOST);
  });

  it('the length is said once', async () => {
    const created = await ann.create({ 'upload-defer-length': '1' });
    const url = created.headers.get('location') ?? '';
    await ann.patch(url, 0, file.subarray(0, 100), { 'upload-length': '300' });
    const other = await ann.patch(url, 100, file.subarray(100, 200), { 'upload-length': '400' });
    expect(other.status).toBe(400);
    const less = await ann.patch(url, 100, file.subarray(100, 200), { 'upload-length': '50' });
    expect(less.status).toBe(400);
    expect(await ann.offset(url)).toBe(100);
  });
});

describe('Expiration', () => {
  it('each answer says until when, in the form of HTTP', async () => {
    const created = await ann.create({ 'upload-length': '300' });
    const url = created.headers.get('location') ?? '';
    const patched = await ann.patch(url, 0, file.subarray(0, 100));
    const answers = [created, patched, await ann.head(url)];
    for (const { headers } of answers) {
      const expires = headers.get('upload-expires') ?? '';
      expect(expires).toMatch(/^\w{3}, \d\d \w{3} \d{4} \d\d:\d\d:\d\d GMT$/);
      expect(Date.parse(expires)).toBeGreaterThan(Date.now());
    }
    const last = await ann.patch(url, 100, file.subarray(100));
    expect(last.headers.get('upload-expires')).toBeNull();
  });

  it('what has expired is 410', async () => {
    const url = await ann.begin(300);
    await host.dataSource
      .getRepository(ChunkedUpload)
      .update({ id: ann.idOf(url) }, { expiresAt: new Date(0) });
    expect((await ann.patch(url, 0, file)).status).toBe(410);
    expect((await ann.head(url)).status).toBe(410);
  });
});

describe('Checksum', () => {
  const crc = Buffer.alloc(4);
  crc.writeUInt32BE(crc32(file.subarray(0, 100)));
  const hash = (name: string) => createHash(name).update(file.subarray(0, 100)).digest('base64');
  const sums: [string, string][] = [
    ...['sha1', 'md5', 'sha256', 'sha512'].map((name): [string, string] => [name, hash(name)]),
    ['crc32', crc.toString('base64')],
  ];

  it.each(sums)(
    '%s: what matches is taken, what does not is 460 and dropped',
    async (name, sum) => {
      const url = await ann.begin(300);
      const wrong = await ann.patch(url, 0, file.subarray(100, 200), {
        'upload-checksum': `${name} ${sum}`,
      });
      expect(wrong.status).toBe(460);
      expect(await ann.offset(url)).toBe(0);
      const right = await ann.patch(url, 0, file.subarray(0, 100), {
        'upload-checksum': `${name} ${sum}`,
      });
      expect(right.status).toBe(204);
    },
  );

  it.each(['adler32 AAAA', 'sha1', 'sha1 !', 'constructor AAAA'])(
    'an algorithm that is not announced, or no sum (%s), is 400',
    async (header) => {
      const url = await ann.begin(300);
      const answer = await ann.patch(url, 0, file, { 'upload-checksum': header });
      expect(answer.status).toBe(400);
      expect(await ann.offset(url)).toBe(0);
    },
  );

  it('the sum of the whole file in the metadata is compared at the end', async () => {
    const right = await ann.begin(300, { md5: md5(file).toUpperCase() });
    expect((await ann.patch(right, 0, file)).status).toBe(204);
    const wrong = await ann.begin(300, { md5: md5(sample(3)) });
    const answer = await ann.patch(wrong, 0, file);
    expect(answer.status).toBe(460);
    expect(await detailOf(answer)).toBe('md5 checksum does not match');
    // Else its client would take it for done, since all of its bytes are there.
    expect((await ann.head(wrong)).status).toBe(410);
  });
});

describe('Termination', () => {
  it.each(['unfinished', 'complete'])('an upload that is %s is gone', async (state) => {
    const url = await ann.begin(300);
    if (state === 'complete') await ann.patch(url, 0, file);
    const answer = await ann.ask('DELETE', url);
    expect(answer.status).toBe(204);
    expect((await ann.head(url)).status).toBe(404);
  });
});

describe('Beside the text', () => {
  it('what onComplete throws is the answer, and the next request tries again', async () => {
    let failing = true;
    onComplete = () => {
      if (failing) throw new ConflictException('Not now');
      return { done: true };
    };
    const url = await hooked.begin(300);
    expect((await hooked.patch(url, 0, file)).status).toBe(409);
    expect((await hooked.show(url)).upload).toMatchObject({ status: 1, offset: 300 });
    failing = false;
    // To a client that asks, all bytes being there is the end.
    expect(await hooked.offset(url)).toBe(300);
    expect((await hooked.show(url)).upload.status).toBe(2);
  });

  it('what onComplete has thrown at a length without bytes is asked of it again by the same', async () => {
    onComplete = throwing(new ConflictException('Not now'));
    const created = await hooked.create({ 'upload-defer-length': '1' });
    const url = created.headers.get('location') ?? '';
    expect((await hooked.patch(url, 0, file)).status).toBe(204);
    const sayLength = async () => hooked.patch(url, 300, null, { 'upload-length': '300' });
    expect((await sayLength()).status).toBe(409);
    expect((await sayLength()).status).toBe(409);
    onComplete = () => undefined;
    expect((await sayLength()).status).toBe(204);
    expect((await hooked.show(url)).upload).toMatchObject({ status: 2, offset: 300 });
  });

  it('HEAD is never 5xx, whatever onComplete does: its client would begin anew', async () => {
    onComplete = () => {
      throw new Error('broken');
    };
    const url = await hooked.begin(300);
    expect((await hooked.patch(url, 0, file)).status).toBe(500);
    const asked = await hooked.head(url);
    expect(asked.status).toBe(423);
    expect(asked.headers.get('retry-after')).not.toBeNull();
    onComplete = () => undefined;
    expect((await hooked.patch(url, 300, null)).status).toBe(204);
    expect((await hooked.show(url)).upload.status).toBe(2);
  });

  const wrong: [string, 'user' | 'access', () => unknown, number][] = [
    ['throws', 'user', throwing(new Error('broken')), 423],
    ['is away', 'user', throwing(new ServiceUnavailableException()), 423],
    ['answers no id', 'user', () => '', 423],
    ['throws', 'access', throwing(new TypeError('broken')), 423],
    ['refuses', 'access', throwing(new ForbiddenException()), 403],
  ];

  it.each(wrong)('HEAD is never 5xx where the host %s in %s', async (_, step, mistake, status) => {
    const mistaken = new TusClient('/mistaken');
    const url = await mistaken.begin(300);
    mistakes[step] = mistake;
    const asked = await mistaken.head(url);
    expect(asked.status).toBe(status);
    expect(asked.headers.get('retry-after')).toBe(status === 423 ? '1' : null);
    expect(asked.headers.get('tus-resumable')).toBe('1.0.0');
    expect(asked.headers.get('upload-offset')).toBeNull();
    mistakes[step] = () => undefined;
    expect(await mistaken.offset(url)).toBe(0);
  });

  it('an upload of one protocol is gone on with by another', async () => {
    const client = new UploadClient(`${host.url}/uploads`, 'ann');
    const begun = await client.begin(file.subarray(0, 100), 300);
    const url = `/uploads/${begun.id}`;
    expect(await ann.offset(url)).toBe(100);
    await ann.patch(url, 100, file.subarray(100, 200));
    const last = await client.put('bytes 200-299/300', file.subarray(200), { id: begun.id });
    expect(last.upload).toMatchObject({ offset: 300, status: 1 });
    expect(await ann.offset(url)).toBe(300);
    expect((await ann.show(url)).upload.status).toBe(2);
  });

  it('where a type does not speak it, its requests are of the protocols that it does', async () => {
    const answer = await new TusClient('/only').create({ 'upload-length': '5' });
    expect(answer.status).toBe(400);
    const options = await fetch(`${host.url}/only`, { method: 'OPTIONS' });
    expect(options.headers.get('tus-version')).toBeNull();
  });

  it('an anonymous client goes on with what it has begun', async () => {
    const nobody = new TusClient('/uploads', null);
    const url = await nobody.begin(300);
    await nobody.patch(url, 0, file.subarray(0, 100));
    expect(await nobody.offset(url)).toBe(100);
    expect((await ann.head(url)).status).toBe(404);
  });
});
