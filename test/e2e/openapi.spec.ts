import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { VersioningType } from '@nestjs/common';
import {
  ApiBearerAuth,
  ApiOperation,
  ApiProperty,
  ApiQuery,
  ApiResponse,
  ApiTags,
  DocumentBuilder,
  SwaggerModule,
} from '@nestjs/swagger';
import { TypeOrmModule } from '@nestjs/typeorm';
import { IsInt, IsString } from 'class-validator';
import {
  AbstractChunkedUpload,
  ChunkedUploadController,
  type HostRequest,
  type HostResponse,
} from 'nestjs-chunked-upload';
import { Column, Entity, PrimaryGeneratedColumn } from 'typeorm';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type TestDatabase, createDatabase } from '../support/database.js';
import { type Host, type HostOptions, startHost } from '../support/host.js';
import { type Document, OpenApiClient, operationsOf, resolve } from '../support/openapi-client.js';
import { ServerProcess } from '../support/server-process.js';
import { storedFiles } from '../support/stored-files.js';
import { md5, sample } from '../support/upload-client.js';

const file = sample(300);

/** The request table of the contract, below the path of a type. */
const ROUTES = [
  'PUT ',
  'POST ',
  'GET ',
  'DELETE ',
  'PATCH ',
  'HEAD ',
  'OPTIONS ',
  'PUT /{id}',
  'PATCH /{id}',
  'POST /{id}',
  'GET /{id}',
  'HEAD /{id}',
  'DELETE /{id}',
  'GET /{id}/file',
  'HEAD /{id}/file',
];

const below = (path: string) => ROUTES.map((route) => route.replace(' ', ` ${path}`));

describe("The demo's document", () => {
  let database: TestDatabase;
  let demo: ServerProcess;
  let document: Document;

  beforeAll(async () => {
    database = await createDatabase();
    demo = await ServerProcess.start({ databaseUrl: database.url });
    document = (await (await fetch(`${demo.url}/api-json`)).json()) as Document;
  });
  afterAll(async () => {
    await demo.stop();
    await database.drop();
  });

  it('has every request of every type', () => {
    const routes = operationsOf(document).map(({ route }) => route);
    for (const type of ['files', 'videos', 'notes']) {
      const own = routes.filter((route) => route.includes(` /uploads/${type}`));
      expect(own.toSorted()).toEqual(below(`/uploads/${type}`).toSorted());
    }
  });

  it('is OpenAPI 3: what must be there is there, and every reference leads somewhere', () => {
    expect(document.openapi).toMatch(/^3\.\d+\.\d+$/);
    expect(document.info).toMatchObject({ title: expect.any(String), version: expect.any(String) });
    const references = JSON.stringify(document).match(/"\$ref":"[^"]+"/g) ?? [];
    expect(references.length).toBeGreaterThan(100);
    for (const reference of references) {
      resolve(document, JSON.parse(`{${reference}}`) as { $ref: string });
    }
    for (const name of Object.keys(document.components.schemas)) {
      expect(name).toMatch(/^[\w.-]+$/);
    }
    for (const { route, operation } of operationsOf(document)) {
      const inPath = [...route.matchAll(/\{(\w+)\}/g)].map(([, name]) => name);
      const { parameters, responses } = operation;
      const described = parameters.filter(({ in: where }) => where === 'path');
      expect(described.map(({ name }) => name)).toEqual(inPath);
      expect(described.every(({ required }) => required)).toBe(true);
      const keys = parameters.map(({ in: where, name }) => `${where} ${name}`);
      expect(new Set(keys).size, route).toBe(keys.length);
      for (const parameter of parameters) {
        expect(['path', 'query', 'header']).toContain(parameter.in);
        expect(parameter.schema, `${route} ${parameter.name}`).toBeTypeOf('object');
      }
      expect(Object.keys(responses).length, route).toBeGreaterThan(0);
      for (const [status, response] of Object.entries(responses)) {
        expect(status).toMatch(/^[1-5]\d\d$/);
        expect(response.description, `${route} ${status}`).toBeTypeOf('string');
      }
    }
  });

  const of = (route: string) =>
    operationsOf(document).find((each) => each.route === route)?.operation;
  const headers = (operation: ReturnType<typeof of>) =>
    operation?.parameters.filter((each) => each.in === 'header').map(({ name }) => name);
  const answers = (operation: ReturnType<typeof of>, status: number) =>
    Object.keys(operation?.responses[status]?.headers ?? {});

  it('tells of tus where it is spoken', () => {
    const [create, patch] = [of('POST /uploads/files'), of('PATCH /uploads/files/{id}')];
    expect(headers(create)).toEqual(
      expect.arrayContaining(['Tus-Resumable', 'Upload-Length', 'Upload-Metadata']),
    );
    expect(headers(patch)).toEqual(
      expect.arrayContaining(['Tus-Resumable', 'Upload-Offset', 'Upload-Checksum']),
    );
    expect(Object.keys(create?.responses ?? {})).toEqual(
      expect.arrayContaining(['201', '412', '413']),
    );
    expect(Object.keys(patch?.responses ?? {})).toEqual(
      expect.arrayContaining(['204', '404', '409', '410', '412', '413', '415', '423', '460']),
    );
  });

  it('tells of the draft of the IETF where it is spoken', () => {
    const creations = [of('POST /uploads/files'), of('PUT /uploads/files')];
    for (const create of creations) {
      expect(headers(create)).toEqual(
        expect.arrayContaining([
          'Upload-Draft-Interop-Version',
          'Upload-Complete',
          'Upload-Length',
          'Repr-Digest',
        ]),
      );
      expect(answers(create, 104)).toEqual(
        expect.arrayContaining(['Location', 'Upload-Limit', 'Upload-Offset']),
      );
      for (const status of [200, 201]) {
        expect(answers(create, status)).toEqual(
          expect.arrayContaining(['Upload-Complete', 'Upload-Limit', 'Upload-Offset']),
        );
      }
      expect(answers(create, 201)).toContain('Location');
      expect(Object.keys(create?.responses ?? {})).toEqual(
        expect.arrayContaining(['413', '415', '503', '507']),
      );
    }
    const patch = of('PATCH /uploads/files/{id}');
    expect(headers(patch)).toEqual(expect.arrayContaining(['Upload-Complete', 'Upload-Offset']));
    expect(patch?.requestBody?.content).toHaveProperty(['application/partial-upload']);
    for (const status of [200, 204]) expect(answers(patch, status)).toContain('Upload-Complete');
    const problems = patch?.responses['409']?.content?.['application/problem+json'];
    expect(problems?.examples?.['offset_mismatch']?.value).toEqual({
      type: 'https://iana.org/assignments/http-problem-types#mismatching-upload-offset',
      title: expect.any(String),
      status: 409,
      detail: 'Offsets do not match',
      offset: 100,
      expected_offset: 100,
      provided_offset: 0,
      'expected-offset': 100,
      'provided-offset': 0,
    });
    // That of tus, of the same status.
    expect(patch?.responses['409']?.content).toHaveProperty(['application/json']);
    const head = of('HEAD /uploads/files/{id}');
    for (const status of [200, 204]) {
      expect(answers(head, status)).toEqual(
        expect.arrayContaining(['Upload-Offset', 'Upload-Complete', 'Upload-Limit']),
      );
    }
    expect(answers(of('OPTIONS /uploads/files'), 204)).toEqual(
      expect.arrayContaining(['Accept-Patch', 'Upload-Limit', 'Tus-Version']),
    );
  });

  it('demands nothing of a request that another protocol does not have', () => {
    const demanded = (route: string) =>
      of(route)
        ?.parameters.filter(({ required }) => required)
        .map(({ name }) => name);
    expect(demanded('PATCH /uploads/files/{id}')).toEqual(['id', 'Upload-Offset']);
    expect(demanded('PUT /uploads/files/{id}')).toEqual(['id', 'Content-Range']);
    expect(demanded('PUT /uploads/files')).toEqual([]);
    expect(demanded('POST /uploads/files')).toEqual([]);
    expect(demanded('DELETE /uploads/files/{id}')).toEqual(['id']);
    expect(demanded('PATCH /uploads/files')).toEqual(['patch', 'Upload-Offset']);
  });

  it('gives each operation a name of its own, a tag and a summary', () => {
    const operations = operationsOf(document);
    const ids = operations.map(({ operation }) => operation.operationId);
    expect(new Set(ids).size).toBe(ids.length);
    for (const { route, operation } of operations) {
      const [, type] = / \/(uploads\/\w+)/.exec(route) ?? [];
      if (type === undefined) continue;
      expect(operation.tags, route).toEqual([type]);
      expect(operation.summary, route).toMatch(/^[A-Z].{10,}/);
      expect(operation.operationId).toMatch(/^\w+$/);
    }
  });

  it.each([
    ['application/octet-stream', true],
    ['multipart/form-data', false],
  ])('is enough for a client that sends %s', async (type, isRaw) => {
    const client = new OpenApiClient(document, demo.url, { user: 'alice', password: 'alice-pw' });
    const name = (method: string) => `UploadsFilesController_${method}`;
    const chunk = (from: number, to: number, fields: Record<string, string> = {}) => {
      const bytes = file.subarray(from, to);
      return {
        type,
        parameters: {
          'Content-Range': `bytes ${from}-${to - 1}/300`,
          ...(isRaw ? fields : {}),
        },
        body: isRaw ? bytes : { ...fields, file: bytes },
      };
    };
    const begun = await client.call(name('putFirst'), chunk(0, 100, { filename: 'a.bin' }));
    const { id } = begun.value as { id: string };
    const again = chunk(0, 100);
    const parameters = { ...again.parameters, id };
    const refused = await client.call(name('put'), { ...again, parameters });
    expect(refused).toMatchObject({ status: 400, value: { expected_offset: 100 } });
    const head = await client.call(name('head'), { parameters: { id } });
    const offset = Number(head.headers.get('upload-offset'));
    expect(offset).toBe(100);
    const second = chunk(offset, 200);
    await client.call(name('put'), { ...second, parameters: { ...second.parameters, id } });
    await client.call(name('putFirst'), chunk(200, 300, { upload_id: id }));
    const wrong = { parameters: { id }, type: 'application/json', body: { md5: 'x' } };
    expect((await client.call(name('post'), wrong)).status).toBe(400);
    for (const form of [
      'application/json',
      'application/x-www-form-urlencoded',
      'multipart/form-data',
    ]) {
      const call = { parameters: { id }, type: form, body: { md5: md5(file) } };
      const completed = await client.call(name('post'), call);
      expect(completed).toMatchObject({ status: 200, value: { status: 2, offset: 300 } });
    }
    const listed = await client.call(name('list'), { parameters: { status: 2, limit: 1000 } });
    expect(listed.value).toContainEqual(expect.objectContaining({ id }));
    expect((await client.call(name('get'), { parameters: { id } })).value).toMatchObject({ id });
    expect((await client.call(name('headFile'), { parameters: { id } })).status).toBe(200);
    expect((await client.call(name('getFile'), { parameters: { id } })).bytes).toEqual(file);
    const range = { id, Range: 'bytes=10-19' };
    const part = await client.call(name('getFile'), { parameters: range });
    expect(part).toMatchObject({ status: 206, bytes: file.subarray(10, 20) });
    expect((await client.call(name('remove'), { parameters: { id } })).status).toBe(204);
    const gone = await client.call(name('removeNamed'), { parameters: { upload_id: id } });
    expect(gone).toMatchObject({ status: 404, value: { detail: 'Not found.' } });
    const whole = await client.call(name('postWhole'), {
      type,
      parameters: isRaw ? { md5: md5(file), filename: 'b.bin' } : {},
      body: isRaw ? file : { md5: md5(file), file },
    });
    expect(whole).toMatchObject({ status: 200, value: { status: 2 } });
  });

  it('lets a client begin without bytes, and ask where to go on', async () => {
    const client = new OpenApiClient(document, demo.url, { user: 'alice', password: 'alice-pw' });
    const parameters = { 'Content-Range': 'bytes */300', filename: 'a.bin' };
    const begun = await client.call('UploadsFilesController_putFirst', { parameters });
    expect(begun).toMatchObject({ status: 200, value: { offset: 0, total: 300 } });
    const { id } = begun.value as { id: string };
    const type = 'application/x-www-form-urlencoded';
    const asForm = { parameters: { 'Content-Range': 'bytes */300' }, type };
    const body = { filename: 'b.bin' };
    const form = await client.call('UploadsFilesController_putFirst', { ...asForm, body });
    expect(form).toMatchObject({ status: 200, value: { filename: 'b.bin', offset: 0 } });
    const asked = { parameters: { 'Content-Range': 'bytes */300', id } };
    const position = await client.call('UploadsFilesController_put', asked);
    expect(position).toMatchObject({ status: 200, value: { id, offset: 0 } });
  });

  it('tells of what cannot be helped by another try', () => {
    const writing = operationsOf(document).filter(({ route }) =>
      /^(PUT|POST) \/uploads\/files/.test(route),
    );
    expect(writing).toHaveLength(4);
    for (const { route, operation } of writing) {
      const codes = (status: string) => {
        const content = operation.responses[status]?.content?.['application/json'];
        return Object.keys(content?.examples ?? {});
      };
      expect(codes('413'), route).toContain('exceeds_storage');
      expect(codes('410'), route).toContain('checksum_state_lost');
    }
  });

  it('is shown by a page that needs nothing from elsewhere, which the upload page leads to', async () => {
    const page = await (await fetch(`${demo.url}/api`)).text();
    const urls = [...page.matchAll(/(?:src|href)="([^"]+)"/g)].map(([, url = '']) => url);
    expect(urls.length).toBeGreaterThan(3);
    for (const url of urls) {
      expect(url).not.toMatch(/^(https?:)?\/\//);
      expect((await fetch(new URL(url, `${demo.url}/api`))).status, url).toBe(200);
    }
    expect(await (await fetch(demo.url)).text()).toContain('href="/api"');
  });
});

describe('A document of a host', () => {
  @Entity()
  class Video extends AbstractChunkedUpload {
    @Column('text')
    title!: string;

    @Column('integer')
    duration!: number;
  }

  @Entity()
  class Person {
    @PrimaryGeneratedColumn()
    id!: number;
  }

  class VideoFields {
    @IsString()
    title!: string;

    @IsInt()
    @ApiProperty({ description: 'In seconds.', minimum: 1 })
    duration!: number;
  }

  @ApiBearerAuth()
  @ApiTags('films')
  class VideoController extends ChunkedUploadController {
    @ApiOperation({ summary: 'Shows a film' })
    @ApiResponse({ status: 402, description: 'Pay first.' })
    @ApiQuery({ name: 'limit', description: 'In words of the host.', required: true })
    override async list(request: HostRequest, response: HostResponse) {
      return super.list(request, response);
    }
  }

  const options: HostOptions = {
    imports: [TypeOrmModule.forFeature([Person])],
    types: [
      {
        path: 'videos',
        entity: Video,
        controller: VideoController,
        fieldName: 'media',
        checksum: 'sha256',
        owners: { person: Person },
        fields: VideoFields,
        onComplete: () => ({ thanks: true }),
        userRestricted: false,
      },
    ],
    prepare: (app) => {
      app.setGlobalPrefix('api');
      app.enableVersioning({ type: VersioningType.URI, defaultVersion: ['1', '2'] });
    },
  };
  let host: Host;
  let document: Document;

  beforeAll(async () => {
    host = await startHost({
      ...options,
      prepare: (app) => {
        options.prepare?.(app);
        const config = new DocumentBuilder().setTitle('Host').addBearerAuth().build();
        // Before the application has been initialized, as in main.ts.
        document = SwaggerModule.createDocument(app, config) as unknown as Document;
      },
    });
  });
  afterAll(() => host.close());

  const operation = (route: string) =>
    operationsOf(document).find((each) => each.route === route)?.operation;
  const fieldsOf = (route: string, type: string) => {
    const schema = operation(route)?.requestBody?.content[type]?.schema;
    return { names: Object.keys(schema?.properties ?? {}), required: schema?.required };
  };

  it('has its prefix and its versions, with names of their own', () => {
    const routes = operationsOf(document).map(({ route }) => route);
    for (const path of ['uploads', 'videos']) {
      for (const version of [1, 2]) {
        expect(routes).toEqual(expect.arrayContaining(below(`/api/v${version}/${path}`)));
      }
    }
    const ids = operationsOf(document).map((each) => each.operation.operationId);
    expect(new Set(ids).size).toBe(ids.length);
  });

  it('knows the options that are known only when the application starts', () => {
    const put = fieldsOf('PUT /api/v1/videos', 'multipart/form-data');
    const own = ['upload_id', 'filename', 'owner_type', 'owner_id', 'title', 'duration'];
    // The file last: what comes after it may be too late.
    expect(put).toEqual({ names: [...own, 'media'], required: ['media'] });
    const post = fieldsOf('POST /api/v1/videos/{id}', 'application/json');
    expect(post).toEqual({ names: ['sha256', 'total'], required: ['sha256'] });
    const query = operation('PUT /api/v1/videos')?.parameters.find(({ name }) => name === 'title');
    expect(query).toMatchObject({ in: 'query', required: false, schema: { type: 'string' } });
    const plain = fieldsOf('PUT /api/v1/uploads', 'multipart/form-data');
    expect(plain.names).toEqual(['upload_id', 'filename', 'file']);
  });

  it("shows a type's own fields, and the names of its owners", () => {
    const { VideosUpload: video, UploadsUpload: upload } = document.components.schemas;
    expect(video?.properties).toMatchObject({
      title: { type: 'string' },
      duration: { type: 'number', description: 'In seconds.', minimum: 1 },
      owner_type: { enum: ['person'] },
    });
    expect(upload?.properties).not.toHaveProperty('title');
  });

  it('says that onComplete may answer anything', () => {
    const answer = (path: string) =>
      operation(`POST ${path}/{id}`)?.responses['200']?.content?.['application/json']?.schema;
    expect(answer('/api/v1/videos')).toEqual({});
    expect(answer('/api/v1/uploads')).toEqual({ $ref: '#/components/schemas/UploadsUpload' });
  });

  it('keeps what the host notes in decorators', () => {
    const list = operation('GET /api/v1/videos');
    expect(list).toMatchObject({ tags: ['films'], summary: 'Shows a film' });
    expect(list).toMatchObject({ security: [{ bearer: [] }] });
    expect(Object.keys(list?.responses ?? {})).toEqual(['200', '400', '402', '503']);
    const limits = list?.parameters.filter(({ name }) => name === 'limit');
    expect(limits).toMatchObject([{ description: 'In words of the host.', required: true }]);
    expect(list?.parameters.map(({ name }) => name)).toContain('status');
    expect(operation('GET /api/v1/uploads')).toMatchObject({ tags: ['uploads'] });
    expect(operation('GET /api/v1/uploads')).not.toHaveProperty('security');
  });
});

describe('A type that does not speak all protocols', () => {
  @Entity()
  class Chunked extends AbstractChunkedUpload {}

  @Entity()
  class Tus extends AbstractChunkedUpload {}

  @Entity()
  class Draft extends AbstractChunkedUpload {}

  let host: Host;
  let document: Document;

  beforeAll(async () => {
    host = await startHost({
      upload: { path: false },
      types: [
        { path: 'chunked', entity: Chunked, protocols: ['content-range'] },
        { path: 'tus', entity: Tus, protocols: ['tus'] },
        { path: 'draft', entity: Draft, protocols: ['content-range', 'resumable-http'] },
      ],
      prepare: (app) => {
        const config = new DocumentBuilder().setTitle('Host').build();
        document = SwaggerModule.createDocument(app, config) as unknown as Document;
      },
    });
  });
  afterAll(() => host.close());

  const routesBelow = (path: string) =>
    operationsOf(document)
      .map(({ route }) => route)
      .filter((route) => route.includes(` ${path}`));
  const textOf = (path: string) =>
    JSON.stringify(operationsOf(document).filter(({ route }) => route.includes(` ${path}`)));

  it('has only the routes that are answered', () => {
    const none = ['PATCH ', 'HEAD '];
    const without = (path: string, ...routes: string[]) =>
      ROUTES.filter((route) => ![...none, ...routes].includes(route)).map((route) =>
        route.replace(' ', ` ${path}`),
      );
    expect(routesBelow('/chunked').toSorted()).toEqual(
      without('/chunked', 'PATCH /{id}').toSorted(),
    );
    expect(routesBelow('/tus').toSorted()).toEqual(without('/tus', 'PUT ', 'PUT /{id}').toSorted());
    expect(routesBelow('/draft').toSorted()).toEqual(without('/draft').toSorted());
  });

  it('is described by its own words alone', () => {
    const words = [
      /Content-Range/,
      /Tus-|\btus\b/,
      /FilePond|filepond/,
      /Upload-Complete|Upload-Limit/,
    ];
    const found = (path: string) => words.map((word) => word.test(textOf(path)));
    // A download of a range has the header Content-Range as well.
    expect(found('/chunked')).toEqual([true, false, false, false]);
    expect(found('/tus')).toEqual([true, true, false, false]);
    expect(found('/draft')).toEqual([true, false, false, true]);
  });

  it('demands what its one protocol does', () => {
    const patch = operationsOf(document).find(({ route }) => route === 'PATCH /tus/{id}');
    const demanded = patch?.operation.parameters.filter(({ required }) => required);
    expect(demanded?.map(({ name }) => name)).toEqual(['id', 'Tus-Resumable', 'Upload-Offset']);
  });
});

describe('@nestjs/swagger', () => {
  const dist = fileURLToPath(new URL('../../dist/', import.meta.url));

  it('is imported in one place, while an application starts, and is in no published type', async () => {
    const found: string[] = [];
    for (const name of await storedFiles(dist)) {
      if (/^(demo\/|main\.)/.test(name) || !/\.(d\.ts|js)$/.test(name)) continue;
      const text = await readFile(join(dist, name), 'utf8');
      if (/(from|import\(|require\() ?'@nestjs\/swagger'/.test(text)) found.push(name);
    }
    const folder = 'chunked-upload/protocols/content-range/openapi/';
    expect(found).toEqual([`${folder}describe-controller.js`]);
    const text = await readFile(join(dist, found[0] ?? ''), 'utf8');
    expect(text).not.toMatch(/from '@nestjs\/swagger'/);
  });
});
