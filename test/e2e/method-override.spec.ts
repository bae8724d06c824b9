import {
  type CanActivate,
  Controller,
  type ExecutionContext,
  ForbiddenException,
  type INestApplication,
  UseGuards,
  VersioningType,
} from '@nestjs/common';
import {
  AbstractChunkedUpload,
  ChunkedUploadController,
  type HostRequest,
  type HostResponse,
} from 'nestjs-chunked-upload';
import { Entity } from 'typeorm';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { type Host, startHost, withHost } from '../support/host.js';
import { UploadClient, sample } from '../support/upload-client.js';

// tus 1.0, X-HTTP-Method-Override: where PATCH and DELETE are not to be had, POST comes in their place.

const TUS = { 'tus-resumable': '1.0.0', 'x-user': 'ann' };
const file = sample(300);

class Forbidding implements CanActivate {
  canActivate(): boolean {
    throw new ForbiddenException('Nothing is removed here.');
  }
}

const asked: string[] = [];

class Asked implements CanActivate {
  canActivate(context: ExecutionContext): boolean {
    const { method } = context.switchToHttp().getRequest<{ method: string }>();
    asked.push(`${method} ${context.getHandler().name}`);
    return true;
  }
}

@UseGuards(Asked)
class GuardedController extends ChunkedUploadController {
  @UseGuards(Forbidding)
  override async remove(request: HostRequest, id: string, response: HostResponse): Promise<void> {
    return super.remove(request, id, response);
  }
}

@Entity()
class Guarded extends AbstractChunkedUpload {}

@Entity()
class Only extends AbstractChunkedUpload {}

let host: Host;

beforeAll(async () => {
  host = await startHost({
    types: [
      { path: 'guarded', entity: Guarded, controller: GuardedController },
      { path: 'only', entity: Only, protocols: ['content-range', 'filepond'] },
    ],
  });
});
afterAll(() => host?.close());
beforeEach(() => {
  asked.length = 0;
});

function ask(method: string, target: string, headers: object, body: Uint8Array | null = null) {
  return fetch(host.url + target, {
    method,
    headers: { ...TUS, ...headers },
    body: body as BodyInit | null,
  });
}

type BodyInit = Uint8Array<ArrayBuffer>;

function uploads(path: string): UploadClient {
  return new UploadClient(`${host.url}/${path}`);
}

/** The path of an upload of so many bytes. */
async function begun(path: string): Promise<string> {
  const { id } = await uploads(path).begin(file.subarray(0, 100), 300);
  return `/${path}/${id}`;
}

async function offsetOf(target: string): Promise<number> {
  const [, path = '', id = ''] = target.split('/');
  return uploads(path).offset(id);
}

const NEXT = { 'content-type': 'application/offset+octet-stream', 'upload-offset': '100' };

describe('POST with X-HTTP-Method-Override', () => {
  it('takes bytes as PATCH does, and removes as DELETE does, whatever the case', async () => {
    const target = await begun('uploads');
    const override = { 'x-http-method-override': 'patch' };
    const answer = await ask('POST', target, { ...override, ...NEXT }, file.subarray(100));
    expect(answer.status).toBe(204);
    expect(answer.headers.get('upload-offset')).toBe('300');
    expect(answer.headers.get('tus-resumable')).toBe('1.0.0');
    const removal = await ask('POST', `${target}/`, { 'x-http-method-override': ' DELETE ' });
    expect(removal.status).toBe(204);
    expect((await ask('HEAD', target, {})).status).toBe(404);
  });

  it('keeps what is refused, and says why', async () => {
    const target = await begun('uploads');
    const other = { 'x-http-method-override': 'PATCH', ...NEXT, 'upload-offset': '50' };
    const answer = await ask('POST', target, other, file.subarray(50));
    expect(answer.status).toBe(409);
    expect(await answer.json()).toMatchObject({ detail: 'Offsets do not match', offset: 100 });
    expect(await offsetOf(target)).toBe(100);
  });

  it('is guarded as the route that it means: once, and by what stands there', async () => {
    const target = await begun('guarded');
    asked.length = 0;
    const removal = await ask('POST', target, { 'x-http-method-override': 'DELETE' });
    expect(removal.status).toBe(403);
    expect(await removal.json()).toMatchObject({ message: 'Nothing is removed here.' });
    expect(removal.headers.get('tus-resumable')).toBe('1.0.0');
    expect(asked).toEqual(['DELETE remove']);
    const patch = { 'x-http-method-override': 'PATCH', ...NEXT };
    expect((await ask('POST', target, patch, file.subarray(100))).status).toBe(204);
    expect(asked).toEqual(['DELETE remove', 'PATCH patch']);
    expect(await offsetOf(target)).toBe(300);
  });

  it('is routed so behind a prefix and a version of the host', async () => {
    @Controller({ version: '2' })
    class Versioned extends ChunkedUploadController {}
    const prepare = (app: INestApplication) => {
      app.setGlobalPrefix('api');
      app.enableVersioning({ type: VersioningType.URI });
    };
    const options = { upload: { controller: Versioned }, prepare, fastify: { prepare } };
    await withHost(options, async ({ url }) => {
      const client = new UploadClient(`${url}/api/v2/uploads`);
      const { id } = await client.begin(file.subarray(0, 100), 300);
      const answer = await fetch(`${client.url}/${id}`, {
        method: 'POST',
        headers: { ...TUS, ...NEXT, 'x-http-method-override': 'PATCH' },
        body: file.subarray(100),
      });
      expect(answer.status).toBe(204);
      expect(await client.offset(id)).toBe(300);
    });
  });

  it('may name nothing else', async () => {
    const target = await begun('uploads');
    for (const method of ['HEAD', 'GET', 'PUT', 'TRACE', 'PATCH, DELETE']) {
      const answer = await ask('POST', target, { 'x-http-method-override': method });
      expect(answer.status, method).toBe(400);
      expect(await answer.json()).toEqual({
        detail: 'X-HTTP-Method-Override works only with POST, and must be PATCH or DELETE',
      });
    }
    expect(await offsetOf(target)).toBe(100);
  });

  it('is none without the mark of tus, or of a type that does not speak it', async () => {
    for (const [path, mark] of [
      ['uploads', null],
      ['only', '1.0.0'],
    ] as const) {
      const target = await begun(path);
      const { 'tus-resumable': _, ...plain } = TUS;
      const headers = mark === null ? plain : TUS;
      const answer = await fetch(host.url + target, {
        method: 'POST',
        headers: { ...headers, 'x-http-method-override': 'DELETE' },
      });
      expect(answer.status).toBe(400);
      expect(await offsetOf(target)).toBe(100);
    }
  });
});

describe('X-HTTP-Method-Override with another method', () => {
  it('is refused: what passes as harmless does nothing else', async () => {
    const target = await begun('guarded');
    asked.length = 0;
    const remove = { 'x-http-method-override': 'DELETE' };
    expect((await ask('HEAD', target, remove)).status).toBe(400);
    expect(asked).toEqual(['HEAD head']);
    const patch = { 'x-http-method-override': 'PATCH', ...NEXT };
    expect((await ask('DELETE', target.replace('guarded', 'uploads'), patch)).status).toBe(400);
    expect((await ask('GET', target, remove)).status).toBe(200);
    expect(await offsetOf(target)).toBe(100);
    const before = await host.uploads.find();
    const create = { 'x-http-method-override': 'POST', 'upload-length': '5' };
    expect((await ask('HEAD', '/uploads', create)).status).toBe(400);
    expect(await host.uploads.find()).toEqual(before);
  });

  it('is taken where it says the same', async () => {
    const target = await begun('uploads');
    const same = { 'x-http-method-override': 'PATCH', ...NEXT };
    expect((await ask('PATCH', target, same, file.subarray(100))).status).toBe(204);
    expect((await ask('HEAD', target, { 'x-http-method-override': 'head' })).status).toBe(200);
  });
});
