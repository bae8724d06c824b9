import { stat } from 'node:fs/promises';
import { join } from 'node:path';
import { Body, Controller, Post, VersioningType } from '@nestjs/common';
import {
  AbstractChunkedUpload,
  ChunkedUpload,
  ChunkedUploadController,
  type HostRequest,
  type UserId,
} from 'nestjs-chunked-upload';
import { MemoryStorage } from 'nestjs-chunked-upload/testing';
import { Entity } from 'typeorm';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type Host, type HostOptions, startHost, withHost } from '../support/host.js';
import { RawConnection } from '../support/raw-connection.js';
import { storedFiles } from '../support/stored-files.js';
import { UploadClient, md5, sample } from '../support/upload-client.js';
import { until } from '../support/waiting.js';

// What is the same on both frameworks is tested by the project `fastify`.

const file = sample(300);
const first = file.subarray(0, 100);
const MIB = 1024 * 1024;

type Prepare = NonNullable<NonNullable<HostOptions['fastify']>['prepare']>;

@Entity()
class Note extends AbstractChunkedUpload {}

@Controller('other')
class OtherController {
  @Post()
  echo(@Body() body: unknown): object {
    return { type: typeof body, body };
  }
}

function withFastify(options: HostOptions, work: (host: Host) => Promise<void>): Promise<void> {
  return withHost({ ...options, platform: 'fastify' }, work);
}

describe('On Fastify the routes of the host', () => {
  let uploads: Host;
  let bare: Host;

  beforeAll(async () => {
    const options: HostOptions = { platform: 'fastify', controllers: [OtherController] };
    uploads = await startHost(options);
    bare = await startHost({ ...options, upload: { controller: false, path: false } });
  });
  afterAll(async () => {
    await uploads.close();
    await bare.close();
  });

  it.each([
    ['POST', 'other', 'application/octet-stream', 415],
    ['POST', 'other', 'multipart/form-data; boundary=b', 415],
    ['POST', 'other', 'nonsense', 415],
    ['POST', 'other', 'text/plain', 201],
    ['POST', 'other', 'application/x-www-form-urlencoded', 201],
    ['POST', 'other', 'application/json', 400],
    ['POST', 'none', 'application/octet-stream', 404],
    ['PUT', 'other', 'application/octet-stream', 404],
  ])('are as they were: %s /%s of %s', async (method, path, type, expected) => {
    const answers = await Promise.all(
      [uploads, bare].map(({ url }) =>
        new UploadClient(`${url}/${path}`).send(
          method,
          { headers: { 'content-type': type } },
          first,
        ),
      ),
    );
    const [ours, theirs] = answers.map((answer) => ({
      status: answer.status,
      connection: answer.headers.get('connection'),
      body: answer.body,
    }));
    expect(ours).toEqual(theirs);
    expect(ours?.status).toBe(expected);
  });
});

describe('On Fastify a body', () => {
  it.each([{}, { form: { before: { filename: 'a' } } }])(
    "may be larger than Fastify's bodyLimit: %j",
    async (options) => {
      const large = sample(3 * MIB);
      await withFastify({ fastify: { adapter: { bodyLimit: 1024 } } }, async (host) => {
        const client = new UploadClient(`${host.url}/uploads`);
        const { id } = await client.begin(large.subarray(0, MIB), large.length, options);
        const range = `bytes ${MIB}-${large.length - 1}/${large.length}`;
        await client.put(range, large.subarray(MIB), { ...options, id });
        expect((await client.complete(id, md5(large))).status).toBe(200);
        expect((await client.download(id)).bytes.equals(large)).toBe(true);
        expect((await client.whole(large, { ...options, query: { md5: md5(large) } })).status).toBe(
          200,
        );
      });
    },
  );

  it("passes the host's parsers by, which would have spoilt it", async () => {
    const types = ['application/octet-stream', 'multipart/form-data', /^image\//, '*'];
    const prepare: Prepare = (app) => {
      const fastify = app.getHttpAdapter().getInstance();
      for (const type of types) {
        fastify.addContentTypeParser(type, { parseAs: 'string' }, (_, body, done) => {
          done(null, { parsed: body.length });
        });
      }
    };
    const controllers = [OtherController];
    await withFastify({ controllers, fastify: { prepare } }, async (host) => {
      const client = new UploadClient(`${host.url}/uploads`);
      const headers = ['application/octet-stream', 'image/png', 'video/mp4', 'text/plain'].map(
        (type) => ({ headers: { 'content-type': type } }),
      );
      for (const options of [...headers, { form: {} }]) {
        const { id } = await client.file(file, options);
        expect((await client.download(id)).bytes).toEqual(file);
      }
      const other = new UploadClient(`${host.url}/other`);
      for (const options of headers.slice(0, 3)) {
        expect((await other.send('POST', options, 'abc')).body).toMatchObject({
          body: { parsed: 3 },
        });
      }
    });
  });

  it('that a hook of the host has read is a 415 with the cure', async () => {
    const prepare: Prepare = (app) => {
      const fastify = app.getHttpAdapter().getInstance();
      fastify.addHook('onRequest', (request, _, done) => {
        request.raw.resume().once('end', () => done());
      });
    };
    await withFastify({ fastify: { prepare } }, async (host) => {
      const client = new UploadClient(`${host.url}/uploads`);
      for (const options of [{}, { form: {} }]) {
        expect(await client.put('bytes 0-99/300', first, options)).toMatchObject({
          status: 415,
          body: { detail: expect.stringMatching(/body parser.*application\/octet-stream/) },
        });
      }
    });
  });

  it('of a form is read by us where the host has no parser', async () => {
    await withFastify({ nest: { bodyParser: false } }, async (host) => {
      const client = new UploadClient(`${host.url}/uploads`);
      const { id } = await client.begin(file, 300);
      expect((await client.complete(id, md5(file))).status).toBe(200);
      const query = { upload_id: id };
      const form = new URLSearchParams(query);
      expect((await client.send('DELETE', {}, form)).status).toBe(204);
    });
  });

  it('leaves the headers as they came, for guards and for our steps', async () => {
    const seen: unknown[] = [];
    class SeeingController extends ChunkedUploadController {
      protected override user(request: HostRequest): UserId | Promise<UserId> {
        const { headers } = request as { headers?: Record<string, string> };
        seen.push([headers?.['content-type'], headers?.['content-length'], headers?.['x-user']]);
        return super.user(request);
      }
    }
    await withFastify({ upload: { controller: SeeingController } }, async (host) => {
      await new UploadClient(`${host.url}/uploads`).begin(first, 300);
      expect(seen).toEqual([['application/octet-stream', '100', 'ann']]);
    });
  });

  it.each(['raw', 'multipart'])('that breaks off is kept: %s', async (kind) => {
    await withFastify({}, async (host) => {
      const client = new UploadClient(`${host.url}/uploads`);
      const { id } = await client.begin(first, 300);
      const part = '--b\r\nContent-Disposition: form-data; name="file"; filename="a"\r\n\r\n';
      const multipart = { 'content-type': 'multipart/form-data; boundary=b' };
      const connection = await RawConnection.put(
        host.url,
        {
          'content-range': 'bytes 100-299/300',
          'content-length': kind === 'raw' ? 200 : part.length + 200 + 9,
          ...(kind === 'raw' ? {} : multipart),
        },
        `/uploads/${id}`,
      );
      if (kind === 'multipart') await connection.write(part);
      await connection.write(file.subarray(100, 160));
      connection.destroy();
      // A parser keeps back what may be the beginning of its boundary.
      await until('what arrived is kept', async () => (await client.offset(id)) > 150);
      const offset = await client.offset(id);
      expect(offset).toBeLessThanOrEqual(160);
      await client.put(`bytes ${offset}-299/300`, file.subarray(offset), { id });
      expect((await client.complete(id, md5(file))).status).toBe(200);
      expect((await client.download(id)).bytes).toEqual(file);
    });
  });
});

describe('On Fastify', () => {
  it('HEAD does not run what answers GET', async () => {
    const ran: string[] = [];
    class SeeingController extends ChunkedUploadController {
      protected override represent(upload: AbstractChunkedUpload, url: string) {
        ran.push('represent');
        return super.represent(upload, url);
      }
    }
    class SeeingStorage extends MemoryStorage {
      override createReadStream(...args: Parameters<MemoryStorage['createReadStream']>) {
        ran.push('createReadStream');
        return super.createReadStream(...args);
      }
    }
    const upload = { controller: SeeingController, storage: new SeeingStorage() };
    await withFastify({ upload }, async (host) => {
      const client = new UploadClient(`${host.url}/uploads`);
      const { id } = await client.file(file);
      ran.length = 0;
      const { status, headers } = await client.head(id);
      expect([status, headers.get('upload-offset')]).toEqual([200, '300']);
      const head = await client.download(id, {}, 'HEAD');
      expect([head.status, head.headers.get('content-length')]).toEqual([200, '300']);
      const range = await client.download(id, { range: 'bytes=10-19' }, 'HEAD');
      expect([range.status, range.headers.get('content-length')]).toEqual([206, '10']);
      expect(ran).toEqual([]);
      await client.get(id);
      await client.download(id);
      expect(ran).toEqual(['represent', 'createReadStream']);
    });
  });

  it('every path answers with a slash at its end', async () => {
    await withFastify({}, async (host) => {
      const list = new UploadClient(`${host.url}/uploads/`);
      const begun = await list.put('bytes 0-99/300', first);
      expect(begun.status).toBe(200);
      const { id, url } = begun.upload;
      expect(url).toBe(`${host.url}/uploads/${id}`);
      const one = new UploadClient(`${host.url}/uploads/${id}/`);
      const rest = await one.put('bytes 100-299/300', file.subarray(100));
      expect(rest).toMatchObject({ status: 200, body: { url, offset: 300 } });
      expect((await one.send('HEAD', {})).headers.get('upload-offset')).toBe('300');
      expect((await one.postForm({ md5: md5(file) })).body).toMatchObject({ url, status: 2 });
      expect((await one.send('GET', {})).body).toMatchObject({ url });
      expect((await list.send('GET', {})).body).toMatchObject([{ url }]);
      const download = new UploadClient(`${url}/file/`);
      for (const method of ['GET', 'HEAD']) {
        expect((await download.send(method, {})).status).toBe(200);
      }
      const form = { before: { md5: md5(file) } };
      expect((await list.whole(file, { form })).status).toBe(200);
      expect((await list.postForm({ upload_id: id, md5: md5(file) })).status).toBe(200);
      expect((await one.send('DELETE', {})).status).toBe(204);
    });
  });

  it('below a prefix and a version the routes are ours as well', async () => {
    const prepare: Prepare = (app) => {
      app.setGlobalPrefix('api');
      app.enableVersioning({ type: VersioningType.URI, defaultVersion: '1' });
    };
    await withFastify({ fastify: { prepare } }, async (host) => {
      const client = new UploadClient(`${host.url}/api/v1/uploads`);
      expect((await client.file(file)).url).toContain('/api/v1/uploads/');
    });
  });

  it('two types share an application', async () => {
    await withFastify({ types: [{ path: 'notes', entity: Note }] }, async (host) => {
      for (const path of ['uploads', 'notes']) {
        await new UploadClient(`${host.url}/${path}`).file(file, { form: {} });
      }
    });
  });

  it('a shutdown keeps what had arrived of a running chunk', async () => {
    const host = await startHost({ platform: 'fastify' });
    try {
      const client = new UploadClient(`${host.url}/uploads`);
      const { id } = await client.begin(first, 300);
      const connection = await RawConnection.put(
        host.url,
        { 'content-range': 'bytes 100-299/300', 'content-length': 200 },
        `/uploads/${id}`,
      );
      await connection.write(file.subarray(100, 160));
      await until('its bytes are in the file', async () => {
        const [path = ''] = await storedFiles(host.root);
        return (await stat(join(host.root, path))).size === 160;
      });
      await host.app.close();
      await connection.closed();
      await host.dataSource.initialize();
      const rows: unknown = await host.dataSource.getRepository(ChunkedUpload).find();
      await host.dataSource.destroy();
      expect(rows).toMatchObject([{ id, offset: 160 }]);
    } finally {
      await host.close();
    }
  });
});
