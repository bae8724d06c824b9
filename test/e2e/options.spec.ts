import { Module } from '@nestjs/common';
import type { ChunkedUploadOptions, UploadTypeOptions } from 'nestjs-chunked-upload';
import {
  AbstractChunkedUpload,
  ChunkedUpload,
  ChunkedUploadModule,
  ChunkedUploadService,
  LocalDiskStorage,
} from 'nestjs-chunked-upload';
import { MemoryStorage } from 'nestjs-chunked-upload/testing';
import { describe, expect, it } from 'vitest';
import { Entity, PrimaryGeneratedColumn } from 'typeorm';
import { startHost, withHost } from '../support/host.js';
import { storedFiles } from '../support/stored-files.js';
import { UploadClient, md5, sample } from '../support/upload-client.js';

@Entity()
class First extends AbstractChunkedUpload {}

@Entity()
class Second extends AbstractChunkedUpload {}

@Module({})
class NoEntityModule {}

/** An entity that no data source knows. */
@Entity()
class Unlisted {
  @PrimaryGeneratedColumn()
  id!: number;
}

const file = sample(300);
const first = file.subarray(0, 100);

interface HostRequest {
  readonly headers: Readonly<Record<string, string>>;
}

const tokenOf = ({ headers }: HostRequest) => headers['x-token'];

/** One application with `upload`, and a client of its type. */
function withUploads(
  upload: ChunkedUploadOptions,
  work: (
    client: UploadClient,
    host: Parameters<Parameters<typeof withHost>[1]>[0],
  ) => Promise<void>,
): Promise<void> {
  return withHost({ upload }, (host) => work(new UploadClient(`${host.url}/uploads`), host));
}

describe('path', () => {
  it.each(['media', '/media', 'media/', 'a/b/media'])(
    '%j is where the routes are',
    async (path) => {
      await withHost({ upload: { path } }, async (host) => {
        const client = new UploadClient(`${host.url}/${path.replace(/^\/|\/$/g, '')}`);
        const { id, url } = await client.begin(file, 300);
        expect(url).toBe(`${client.url}/${id}`);
        expect((await client.get(id)).status).toBe(200);
        expect((await new UploadClient(`${host.url}/uploads`).get(id)).status).toBe(404);
      });
    },
  );

  it('is below the prefix of the host', async () => {
    await withHost({ prepare: (app) => app.setGlobalPrefix('api/v1') }, async (host) => {
      const client = new UploadClient(`${host.url}/api/v1/uploads`);
      const { id, url } = await client.begin(file, 300);
      expect(url).toBe(`${client.url}/${id}`);
      const { file: fileUrl } = (await client.complete(id, md5(file))).upload;
      expect(fileUrl).toBe(`${url}/file`);
      expect((await client.download(id)).bytes).toEqual(file);
    });
  });

  it('false: no upload type, only the defaults of others', async () => {
    const types = [{ path: 'media', entity: First }];
    await withHost({ upload: { path: false, maxBytes: 200 }, types }, async (host) => {
      expect((await new UploadClient(`${host.url}/uploads`).send('GET', {})).status).toBe(404);
      const answer = await new UploadClient(`${host.url}/media`).put('bytes 0-99/300', first);
      expect(answer.detail).toMatch(/exceeds the limit \(200 bytes\)/);
      expect(() => host.app.get(ChunkedUploadService, { strict: false })).toThrow();
    });
  });
});

describe('storage', () => {
  it('is where the bytes go', async () => {
    await withUploads({ storage: new MemoryStorage() }, async (client, host) => {
      const { id } = await client.file(file);
      expect((await client.download(id)).bytes).toEqual(file);
      expect(await storedFiles(host.root)).toEqual([]);
    });
  });
});

describe('uploadPath, incompleteExt and completeExt', () => {
  it('make the names of the stored files', async () => {
    const names = { uploadPath: 'x/%Y', incompleteExt: '.tmp', completeExt: '' };
    await withUploads(names, async (client, host) => {
      const { id, created_at: at } = await client.begin(file, 300, { filename: 'a.txt' });
      expect(await storedFiles(host.root)).toEqual([`x/${at.slice(0, 4)}/${id}.tmp.txt`]);
      await client.complete(id, md5(file));
      expect(await storedFiles(host.root)).toEqual([`x/${at.slice(0, 4)}/${id}.txt`]);
    });
  });

  it('when the extensions are equal, nothing is renamed', async () => {
    await withUploads({ incompleteExt: '.x', completeExt: '.x' }, async (client, host) => {
      const { id } = await client.begin(file, 300);
      const before = await storedFiles(host.root);
      await client.complete(id, md5(file));
      expect(await storedFiles(host.root)).toEqual(before);
      expect((await client.download(id)).bytes).toEqual(file);
    });
  });
});

describe('user', () => {
  it('says who calls', async () => {
    await withUploads({ user: tokenOf }, async (client) => {
      const { id, creator } = await client.begin(first, 300, { headers: { 'x-token': 'tom' } });
      expect(creator).toBe('tom');
      expect((await client.get(id)).status).toBe(404);
      expect((await client.get(id, { headers: { 'x-token': 'tom' } })).status).toBe(200);
    });
  });

  it.each([7, 7n, 0])('may be the number %s', async (id) => {
    await withUploads({ user: () => id }, async (client) => {
      expect((await client.begin(first, 300)).creator).toBe(String(id));
    });
  });
});

describe('minBytes and maxBytes', () => {
  it('may depend on the caller', async () => {
    const upload: ChunkedUploadOptions = {
      minBytes: async ({ creator }) => (creator === 'big' ? 200 : 0),
      maxBytes: ({ creator }) => (creator === 'free' ? 200 : null),
    };
    await withUploads(upload, async (client) => {
      const free = await client.as('free').put('bytes 0-99/201', first);
      expect(free.detail).toBe('Size of file exceeds the limit (200 bytes)');
      const big = await client.as('big').put('bytes 0-99/199', first);
      expect(big).toMatchObject({ status: 400, body: { detail: { file: [expect.any(String)] } } });
      expect((await client.begin(first, 201)).total).toBe(201);
    });
  });

  it('get the request', async () => {
    const upload: ChunkedUploadOptions = {
      maxBytes: ({ request }) => Number((request as HostRequest).headers['x-limit']),
    };
    await withUploads(upload, async (client) => {
      const headers = { 'x-limit': '150' };
      const answer = await client.put('bytes 0-99/200', first, { headers });
      expect(answer.detail).toBe('Size of file exceeds the limit (150 bytes)');
    });
  });
});

describe('fieldName', () => {
  it('is the name of the part, and of the errors about it', async () => {
    await withUploads({ fieldName: 'media' }, async (client) => {
      const form = { part: 'media' };
      expect((await client.begin(first, 300, { form })).offset).toBe(100);
      const other = await client.put('bytes 0-99/300', first, { form: { part: 'file' } });
      expect(other.detail).toMatch(/^No chunk file was submitted/);
      const empty = await client.put('bytes 0-99/300', Buffer.alloc(0), { form });
      expect(empty.detail).toEqual({ media: ['The submitted file is empty.'] });
    });
  });
});

// userRestricted: who-sees-what.spec.ts; expiresIn, expiry: expiry.spec.ts; checksum:
// complete.spec.ts; onComplete: completion.spec.ts; leaseTime: test/faults;
// callTimeout: database-timeouts.spec.ts.

describe('An option that is wrong stops the start by a sentence that names it', () => {
  const wrong: [string, unknown][] = [
    ['path', 5],
    ['path', ''],
    ['path', true],
    ['path', 'up/:x'],
    ['path', 'a b'],
    ['path', 'a*'],
    ['path', 'a/{b}'],
    ['entity', NoEntityModule],
    ['entity', 'Upload'],
    ['controller', NoEntityModule],
    ['controller', true],
    ['dataSource', 5],
    ['imports', 'none'],
    ['storage', {}],
    ['storage', null],
    ['storage', LocalDiskStorage],
    ['uploadPath', '../outside'],
    ['uploadPath', '/absolute'],
    ['uploadPath', ''],
    ['uploadPath', 'a/%Q/%'],
    ['uploadPath', 5],
    ['incompleteExt', '/x'],
    ['completeExt', 5],
    ['expiresIn', 'soon'],
    ['expiresIn', -1],
    ['expiresIn', 0],
    ['expiresIn', Number.NaN],
    ['expiresIn', 1e15],
    ['expiresIn', '300000y'],
    ['expiry', 'sometimes'],
    ['leaseTime', '1ms'],
    ['leaseTime', 'long'],
    ['leaseTime', 2 ** 31],
    ['callTimeout', '1ms'],
    ['callTimeout', 'never'],
    ['callTimeout', Number.POSITIVE_INFINITY],
    ['cleanup', { every: '1y' }],
    ['userRestricted', 'yes'],
    ['user', 'id'],
    ['minBytes', -1],
    ['minBytes', 1.5],
    ['maxBytes', '10MB'],
    ['maxBytes', Number.POSITIVE_INFINITY],
    ['fieldName', ''],
    ['fieldName', 5],
    ['protocols', 'tus'],
    ['protocols', []],
    ['protocols', ['tus', 'ftp']],
    ['protocols', [null]],
    ['checksum', 'md6'],
    ['checksum', true],
    ['memory', 1024],
    ['memory', '128mb'],
    ['memory', 64.5 * 1024 * 1024 + 0.5],
    ['memory', Number.POSITIVE_INFINITY],
    ['onComplete', 'done'],
    ['onComplete', false],
  ];

  it.each(wrong)('%s: %o', async (name, value) => {
    const upload = { [name]: value } as ChunkedUploadOptions;
    await expect(startHost({ upload })).rejects.toThrow(new RegExp(`option "${name}"`));
  });

  it.each(['maxbytes', 'maxSize', 'fieldname', 'oncomplete'])('%s, which is none', async (name) => {
    const upload = { [name]: 5 } as ChunkedUploadOptions;
    await expect(startHost({ upload })).rejects.toThrow(new RegExp(`option "${name}" is not`));
    const withoutType = { path: false, ...upload } as ChunkedUploadOptions;
    await expect(startHost({ upload: withoutType })).rejects.toThrow(`option "${name}" is not`);
    const types = [{ ...upload, path: 'first', entity: First }];
    await expect(startHost({ types })).rejects.toThrow(new RegExp(`option "${name}" is not`));
  });

  it('memory in a further type: it is of the process', async () => {
    for (const path of [false, 'uploads'] as const) {
      const types = [{ path: 'first', entity: First, memory: 64 * 1024 * 1024 } as object];
      const started = startHost({ upload: { path }, types: types as UploadTypeOptions[] });
      await expect(started).rejects.toThrow('option "memory" is of the whole process');
      const made = [
        { path: 'first', entity: First, useFactory: () => ({ memory: 64 * 1024 * 1024 }) },
      ];
      await expect(startHost({ upload: { path }, types: made })).rejects.toThrow('option "memory"');
    }
  });

  it.each([
    ['maxbytes', 'maxBytes'],
    ['maxByte', 'maxBytes'],
    ['expireIn', 'expiresIn'],
    ['allowedMimeType', 'allowedMimeTypes'],
    ['onCompleted', 'onComplete'],
    ['enity', 'entity'],
    ['contoller', 'controller'],
  ])('%s, which is nearly %s', async (given, meant) => {
    const upload = { [given]: 5 } as ChunkedUploadOptions;
    const sentence = `option "${given}" is not an option; did you mean "${meant}"?`;
    await expect(startHost({ upload })).rejects.toThrow(sentence);
  });

  it('a name that is like none is told all', async () => {
    const upload = { colour: 5 } as ChunkedUploadOptions;
    await expect(startHost({ upload })).rejects.toThrow(
      /"colour" is not an option \(there are: .*maxBytes/,
    );
  });

  it.each([
    [
      'allowedMimeTypes',
      ['mp4'],
      '["video/mp4", "image/*"]',
      '"mp4" is none: did you mean "video/mp4"?',
    ],
    ['allowedMimeTypes', ['.PNG'], '["video/mp4", "image/*"]', 'did you mean "image/png"?'],
    ['allowedMimeTypes', ['nonsense'], '["video/mp4", "image/*"]', '"nonsense" is none'],
    ['allowedMimeTypes', 'video/mp4', '["video/mp4", "image/*"]', 'must be a list'],
    [
      'allowedExtensions',
      ['video/mp4'],
      '["png", "txt"]',
      '"video/mp4" is none: did you mean "mp4"?',
    ],
    ['allowedExtensions', 'png', '["png", "txt"]', 'must be a list'],
    ['checksum', 'md6', '"md5"', 'false'],
    ['userRestricted', 'yes', 'true', 'false'],
    ['user', 'id', '(request) => request.user?.id', 'function'],
    ['onComplete', 'done', '(upload, { manager }) =>', 'function'],
    ['owners', [5], '{ person: Person }', 'entity classes'],
    ['owners', { person: { entity: First, canAtach: () => true } }, '"canAttach"', 'did you mean'],
    ['policies', 'none', '[QuotaPolicy]', 'UploadPolicy'],
    ['uploadPath', '/absolute', '"chunked_uploads/%Y/%m/%d"', 'relative'],
    ['uploadPath', 'a/%Q/%', '"chunked_uploads/%Y/%m/%d"', 'has "%Q"'],
    ['path', 'up/:x', '"uploads"', 'or false'],
    ['dataSource', 'nope', 'TypeOrmModule.forRoot({ name: "nope", … })', 'no data source'],
    ['minBytes', 2000, '{ minBytes: 1, maxBytes: 1000 }', 'must not be above "maxBytes"'],
    ['fields', NoEntityModule, '@IsString() title: string', 'class-validator'],
    ['owners', { person: Unlisted }, 'TypeOrmModule.forFeature([Unlisted])', 'of "person"'],
    ['fieldName', '', '"file"', 'not empty'],
    ['protocols', ['tus', 'draft'], '"resumable-http"', 'one or more of "content-range"'],
    ['memory', 5, '128 * 1024 * 1024', 'at least'],
  ])('%s: %j, and is shown a right value', async (name, value, example, words) => {
    const upload = { maxBytes: 1000, [name]: value } as ChunkedUploadOptions;
    const started = startHost({ upload });
    await expect(started).rejects.toThrow(`option "${name}"`);
    await expect(started).rejects.toThrow(example);
    await expect(started).rejects.toThrow(words);
  });

  it('a data source that is none, of a further type or inherited by it', async () => {
    const sentence = 'option "dataSource" names "nope", and there is no data source of that name';
    const own = [{ path: 'first', entity: First, dataSource: 'nope' }];
    await expect(startHost({ types: own })).rejects.toThrow(sentence);
    const types = [{ path: 'first', entity: First }];
    const upload = { path: false, dataSource: 'nope' } as const;
    await expect(startHost({ upload, types })).rejects.toThrow(sentence);
  });

  it('a further type without a path', () => {
    const types = [{ path: false, entity: First }] as unknown as UploadTypeOptions[];
    expect(() => ChunkedUploadModule.forFeature(types)).toThrow(
      /option "path" must be a path such as "uploads".*controller: false/,
    );
  });

  it('a data source that does not start is not taken for one that is missing', async () => {
    const database = { url: 'postgres://nobody@127.0.0.1:1/none' };
    await expect(startHost({ database })).rejects.toThrow('ECONNREFUSED');
  });

  it('an option that is undefined is one left out', async () => {
    const upload = { maxBytes: undefined, checksum: undefined } as unknown as ChunkedUploadOptions;
    await withHost({ upload }, async (host) => {
      const client = new UploadClient(`${host.url}/uploads`);
      expect((await client.file(file)).status).toBe(2);
    });
  });
});

describe('A call without options', () => {
  // What somebody writes without types.
  const module = ChunkedUploadModule as unknown as Record<
    'forRoot' | 'forRootAsync' | 'forFeature',
    (...given: unknown[]) => unknown
  >;
  const forRoot = 'forRoot takes an object of options; forRoot({}) has the defaults of all';
  const forRootAsync = 'forRootAsync takes { useFactory: () => ({ expiresIn: "2d" }) }';
  const forFeature =
    'forFeature takes a list of upload types, such as [{ path: "videos", entity: Video }]';

  it.each([
    ['forRoot', [], forRoot],
    ['forRoot', [null], forRoot],
    ['forRoot', ['uploads'], forRoot],
    ['forRoot', [[]], forRoot],
    ['forRootAsync', [], forRootAsync],
    ['forRootAsync', [{}], forRootAsync],
    ['forRootAsync', [{ imports: [] }], forRootAsync],
    ['forFeature', [], forFeature],
    ['forFeature', [{ path: 'videos', entity: First }], forFeature],
    ['forFeature', [[First]], forFeature],
    ['forFeature', [[undefined]], forFeature],
  ] as const)('is told what %s takes: %o', (method, given, sentence) => {
    expect(() => module[method](...given)).toThrow(`ChunkedUploadModule.${sentence}`);
  });

  it('of a factory that returns nothing is told what it must return', async () => {
    const useFactory = (): object => undefined as unknown as object;
    const types = [{ path: 'first', entity: First, useFactory }];
    await expect(startHost({ types })).rejects.toThrow(
      'takes a factory that returns an object of options',
    );
    const upload = { path: false, useFactory } as unknown as ChunkedUploadOptions;
    await expect(startHost({ upload })).rejects.toThrow('"useFactory" belongs to forRootAsync');
  });
});

describe('memory', () => {
  it('may be said where no type is, and is not handed on to further types', async () => {
    const types = [{ path: 'first', entity: First }];
    const upload = { path: false, memory: 64 * 1024 * 1024 } as const;
    await withHost({ upload, types }, async (host) => {
      const client = new UploadClient(`${host.url}/first`);
      expect((await client.file(file)).status).toBe(2);
    });
  });
});

describe('Two upload types', () => {
  it.each(['uploads', '/uploads/', 'UPLOADS'])('with the path %j stop the start', async (path) => {
    const types = [{ path, entity: First }];
    await expect(startHost({ types })).rejects.toThrow(
      /option "path".*two upload types.*such as "uploads-2"/i,
    );
  });

  it('of forFeature with one path stop the start', async () => {
    const types = [
      { path: 'media', entity: First },
      { path: 'media', entity: Second },
    ];
    await expect(startHost({ types })).rejects.toThrow(/option "path" "media" is given to two/);
  });

  it('with one entity stop the start', async () => {
    const types = [{ path: 'media', entity: ChunkedUpload }];
    await expect(startHost({ types })).rejects.toThrow(/option "entity" ChunkedUpload is given to/);
  });
});
