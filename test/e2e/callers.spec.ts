import { Readable } from 'node:stream';
import {
  type ArgumentsHost,
  type CanActivate,
  Catch,
  type ExceptionFilter,
  type ExecutionContext,
  Injectable,
} from '@nestjs/common';
import { APP_FILTER, APP_GUARD, HttpAdapterHost } from '@nestjs/core';
import {
  ChunkedUploadController,
  type ChunkedUploadEvent,
  type ChunkedUploadOptions,
  type HostRequest,
  type PolicySubject,
  type UploadContext,
  UploadPolicy,
} from 'nestjs-chunked-upload';
import { EventEmitter2, EventEmitterModule } from '@nestjs/event-emitter';
import { Entity, PrimaryGeneratedColumn } from 'typeorm';
import { afterEach, describe, expect, it } from 'vitest';
import { type Host, type HostOptions, startHost } from '../support/host.js';
import { RecordingLogger, loggingTo } from '../support/recording-logger.js';
import { UploadClient, md5, sample } from '../support/upload-client.js';
import { until } from '../support/waiting.js';

const file = sample(300);
const first = file.subarray(0, 100);

/** What the guard makes of a request's token. */
const tokens = new Map<string, unknown>();

/** As the documentation of Nest has it, but for the signature. */
@Injectable()
class TokenGuard implements CanActivate {
  canActivate(context: ExecutionContext): boolean {
    const request = context.switchToHttp().getRequest<HostRequest & { user: unknown }>();
    const [, token] = request.headers.authorization?.split(' ') ?? [];
    if (token !== undefined) request.user = tokens.get(token);
    return true;
  }
}

/** Answers whatever it does not know, and says nothing of it. */
@Catch()
class SilentFilter implements ExceptionFilter {
  constructor(private readonly adapterHost: HttpAdapterHost) {}

  catch(_error: unknown, host: ArgumentsHost): void {
    const response: unknown = host.switchToHttp().getResponse();
    this.adapterHost.httpAdapter.reply(response, { oops: true }, 500);
  }
}

class TokenClient extends UploadClient {
  static of(host: Host, user: unknown): UploadClient {
    const token = `token-${tokens.size}`;
    tokens.set(token, user);
    return new TokenClient(`${host.url}/uploads`, token);
  }

  protected override identity(): Record<string, string> {
    return { authorization: `Bearer ${String(this.user)}` };
  }
}

let host: Host;
let logger: RecordingLogger;

async function start(upload: ChunkedUploadOptions = {}, options: HostOptions = {}): Promise<void> {
  logger = new RecordingLogger();
  const { providers = [], ...others } = options;
  host = await startHost({
    ...loggingTo(logger),
    ...others,
    upload,
    providers: [{ provide: APP_GUARD, useClass: TokenGuard }, ...providers],
  });
}
afterEach(() => host.close());

const PEOPLE: [string, (name: string) => object][] = [
  ['{ sub, username }, as with JWT', (sub) => ({ sub, username: 'the same', iat: 1, exp: 2 })],
  ['{ userId, username }, as with Passport', (userId) => ({ userId, username: 'the same' })],
  ['an entity with an id', (id) => ({ id, email: 'the same' })],
  ['an id that is a number', (name) => ({ id: name.length })],
  ['an id that is a bigint', (name) => ({ id: 2n ** 60n + BigInt(name.length) })],
  ['an ObjectId', (name) => ({ id: { toHexString: () => Buffer.from(name).toString('hex') } })],
];

describe.each(PEOPLE)('Where request.user is %s', (_, userOf) => {
  it('each caller has uploads of the own', async () => {
    await start();
    const [ann, robert] = ['ann', 'robert'].map((name) => TokenClient.of(host, userOf(name)));
    const nobody = new UploadClient(`${host.url}/uploads`, null);
    if (!ann || !robert) throw new Error('Nobody is there');
    const { id, creator } = await ann.begin(first, 300);
    expect(creator).not.toBeNull();
    expect((await ann.list()).map((upload) => upload.id)).toEqual([id]);
    expect(await robert.list()).toEqual([]);
    for (const other of [robert, nobody]) {
      expect((await other.get(id)).status).toBe(404);
      const range = 'bytes 100-299/300';
      expect((await other.put(range, file.subarray(100), { id })).status).toBe(404);
      expect((await other.delete(id)).status).toBe(404);
    }
    expect((await ann.delete(id)).status).toBe(204);
    expect(logger.lines).toEqual([]);
  });
});

describe('A request', () => {
  it.each([
    ['without a user', undefined],
    ['with null', null],
    ['with false', false],
  ])('%s is anonymous', async (_, user) => {
    await start();
    const { creator } = await TokenClient.of(host, user).begin(first, 300);
    expect(creator).toBeNull();
  });

  it.each<[string, unknown]>([
    ['without any of the ids', { email: 'ann@example.com' }],
    ['whose ids are null', { id: null, sub: null }],
    ['whose id is an empty text', { id: '', sub: 'ann' }],
    ['whose id is no number', { sub: Number.NaN }],
    ['that is a text', 'ann'],
    ['that is empty', {}],
  ])('with a user %s is answered 500, in all verbs, and said in the log', async (_, user) => {
    await start();
    const caller = TokenClient.of(host, user);
    const { id } = await new UploadClient(`${host.url}/uploads`, null).begin(first, 300);
    const answers = [
      await caller.put('bytes 0-99/300', first),
      await caller.put('bytes 0-99/300', first, { form: {} }),
      await caller.put('bytes 100-299/300', file.subarray(100), { id }),
      await caller.whole(file, { query: { md5: md5(file) } }),
      await caller.complete(id, md5(first)),
      await caller.get(id),
      await caller.head(id),
      await caller.send('GET', {}),
      await caller.send('GET', { id: `${id}/file` }),
      await caller.delete(id),
      await caller.send('DELETE', { query: { upload_id: id } }),
    ];
    expect(answers.map(({ status }) => status)).toEqual(answers.map(() => 500));
    expect(JSON.stringify(answers.map(({ body }) => body))).not.toContain('option');
    expect(await host.uploads.find()).toMatchObject([{ id, offset: 100 }]);
    expect(logger.lines).toHaveLength(answers.length);
    for (const line of logger.lines) expect(line).toMatch(/^error: The option "user" /);
  });

  it('is told of also where the host has a filter for all that it does not know', async () => {
    await start({}, { providers: [{ provide: APP_FILTER, useClass: SilentFilter }] });
    const { status, body } = await TokenClient.of(host, { email: 'ann' }).send('GET', {});
    expect({ status, body }).toEqual({ status: 500, body: { oops: true } });
    expect(logger.lines).toEqual([expect.stringMatching(/^error: The option "user" is needed/)]);
  });
});

describe('The option user', () => {
  interface JwtRequest {
    user: { email: string };
  }

  it('names the caller, by the type of request that the host has', async () => {
    await start({ user: (request: JwtRequest) => request.user.email });
    const { creator } = await TokenClient.of(host, { email: 'ann@example.com' }).begin(first, 300);
    expect(creator).toBe('ann@example.com');
  });

  it('may take its time', async () => {
    await start({ user: async (request) => Promise.resolve(request.user?.email) });
    const { creator } = await TokenClient.of(host, { email: 'ann@example.com' }).begin(first, 300);
    expect(creator).toBe('ann@example.com');
  });

  it.each<[string, unknown]>([
    ['an empty text', ''],
    ['a whole user', { id: 7 }],
    ['a promise of a whole user', Promise.resolve({ id: 7 })],
    ['a number that others share', 2 ** 60],
  ])('that answers %s is a mistake: 500, and a line in the log', async (_, answer) => {
    await start({ user: () => answer as string });
    const { status } = await new UploadClient(`${host.url}/uploads`).put('bytes 0-99/300', first);
    expect(status).toBe(500);
    expect(await host.uploads.find()).toEqual([]);
    expect(logger.lines).toEqual([expect.stringMatching(/^error: The option "user" must answer/)]);
  });

  it('is asked by the step of a controller, for which the same holds', async () => {
    class Own extends ChunkedUploadController {
      protected override user(request: HostRequest): string {
        return request.headers['x-user'] === 'ann' ? 'ann' : '';
      }
    }
    await start({ controller: Own });
    const ann = new UploadClient(`${host.url}/uploads`);
    expect((await ann.begin(first, 300)).creator).toBe('ann');
    expect((await ann.as('bob').put('bytes 0-99/300', first)).status).toBe(500);
    expect(logger.lines).toEqual([expect.stringMatching(/^error: The option "user" must answer/)]);
  });
});

describe('Hooks and events', () => {
  @Entity('caller_person')
  class Person {
    @PrimaryGeneratedColumn()
    id!: number;
  }

  it('have the caller as its record has it', async () => {
    const seen: [string, string | null][] = [];
    const see = (what: string, { creator }: { creator: string | null }) =>
      void seen.push([what, creator]);
    class Rule extends UploadPolicy {
      check({ stage }: PolicySubject, context: UploadContext): undefined {
        see(stage, context);
      }
    }
    await start(
      {
        minBytes: (context) => {
          see('minBytes', context);
          return 0;
        },
        policies: [new Rule()],
        owners: {
          person: {
            entity: Person,
            canAttach: (_, context) => {
              see('canAttach', context);
              return true;
            },
          },
        },
        onComplete: (upload) => see('onComplete', upload),
      },
      { database: { entities: [Person] }, imports: [EventEmitterModule.forRoot()] },
    );
    host.app
      .get(EventEmitter2)
      .on('chunked-upload.*', (event: ChunkedUploadEvent) => see(event.name, event));
    host.app
      .get(EventEmitter2)
      .on('chunked-upload.completed', (event: ChunkedUploadEvent) => see(event.name, event));
    await host.dataSource.getRepository(Person).save({});
    const ann = TokenClient.of(host, { sub: 7, username: 'ann' });
    const query = { owner_type: 'person', owner_id: '1' };
    await ann.file(file, { query });
    await until('the event', () => seen.some(([what]) => what === 'chunked-upload.completed'));
    const expected = ['minBytes', 'begin', 'canAttach', 'complete', 'onComplete'];
    expect(seen.map(([what]) => what)).toEqual(expect.arrayContaining(expected));
    expect(new Set(seen.map(([, creator]) => creator))).toEqual(new Set(['7']));
  });
});

describe('The admin', () => {
  @Injectable()
  class OpenGuard implements CanActivate {
    canActivate(): boolean {
      return true;
    }
  }
  const admin = { path: 'admin', guards: [OpenGuard] };

  async function deleteOne(user: unknown): Promise<string[]> {
    const { id } = await host.uploads.create({ fields: { filename: 'a.bin' } });
    const caller = TokenClient.of(host, user);
    const url = new TokenClient(`${host.url}/admin/api/delete`, caller.user);
    const { body } = await url.postJson({ uploads: [{ type: 'uploads', id }] });
    expect(body).toMatchObject({ outcomes: [{ id, ok: true }] });
    return logger.lines.splice(0).map((line) => line.replace(id, 'ID'));
  }

  it('names in its log who did what, as an upload would', async () => {
    await start({ admin });
    const done = 'deleted 1 upload of "uploads": "a.bin" ID';
    expect(await deleteOne({ sub: 'ann' })).toEqual([`log: Admin: "ann" ${done}`]);
    expect(await deleteOne({ id: 2n })).toEqual([`log: Admin: "2" ${done}`]);
    const objectId = { toHexString: () => 'abc' };
    expect(await deleteOne({ id: objectId })).toEqual([`log: Admin: "abc" ${done}`]);
    const nobody = [`log: Admin: somebody without a name ${done}`];
    for (const user of [{ email: 'ann' }, { id: '' }, undefined]) {
      expect(await deleteOne(user)).toEqual(nobody);
    }
  });

  it('waits for a user who takes time to be found', async () => {
    await start({ admin, user: async (request) => Promise.resolve(request.user?.email) });
    expect(await deleteOne({ email: 'ann' })).toEqual([
      'log: Admin: "ann" deleted 1 upload of "uploads": "a.bin" ID',
    ]);
  });
});

describe('The service', () => {
  it('takes no caller who is none: not for another, and not for an anonymous one', async () => {
    await start();
    const fields = { filename: 'a.bin' };
    const anonymous = await host.uploads.create({ fields }, { creator: null });
    const broken = [{ creator: undefined }, {}, { creator: '' }, { creator: Number.NaN }];
    for (const context of broken as unknown as UploadContext[]) {
      const body = Readable.from([Buffer.from(first)]);
      const { uploads } = host;
      const calls = [
        () => uploads.create({ fields }, context),
        () => uploads.begin({ fields, body }, context),
        () => uploads.uploadWhole({ fields, body: file }, context),
        () => uploads.append(anonymous.id, { body: first, offset: 0 }, context),
        () => uploads.complete(anonymous.id, { checksum: md5(file) }, context),
        () => uploads.findOne(anonymous.id, context),
        () => uploads.find({}, context),
        () => uploads.abort(anonymous.id, context),
        () => uploads.assignOwner(anonymous.id, null, context),
        () => uploads.remove(anonymous.id, context),
      ];
      for (const call of calls) await expect(call()).rejects.toThrow(/"creator"|option "user"/);
      expect(body.destroyed).toBe(true);
    }
    expect(await host.uploads.find()).toMatchObject([{ id: anonymous.id, offset: 0 }]);
  });

  it('knows a caller by a number as by its text', async () => {
    await start();
    const context = { creator: 7 } as unknown as UploadContext;
    const { id } = await host.uploads.create({ fields: { filename: 'a.bin' } }, context);
    expect(await host.uploads.findOne(id, { creator: '7' })).toMatchObject({ creator: '7' });
  });
});
