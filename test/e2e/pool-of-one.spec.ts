import { buffer } from 'node:stream/consumers';
import { setTimeout as sleep } from 'node:timers/promises';
import { type CanActivate, ConflictException } from '@nestjs/common';
import { IsOptional, IsString } from 'class-validator';
import {
  AbstractChunkedUpload,
  type BeginInput,
  type ChunkedUpload,
  ChunkedUploadService,
  type ChunkedUploadOptions,
  type CompletionContext,
  UploadPolicy,
  getChunkedUploadToken,
} from 'nestjs-chunked-upload';
import { Column, Entity } from 'typeorm';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it, vi } from 'vitest';
import { LeaseRepository } from '../../dist/chunked-upload/database/lease.repository.js';
import { HeldBody } from '../support/held-body.js';
import { type Host, startBeside, startHost } from '../support/host.js';
import { UploadClient, md5, sample } from '../support/upload-client.js';
import { until } from '../support/waiting.js';
import { Person, Team } from './owners.entities.js';

// Whoever asks for a second connection while it holds one waits for itself here. Nothing below may
// take longer than a moment; the time limit of statements, which would end such a wait, is far off.
const MOMENT_MS = 60_000;

@Entity()
class Film extends AbstractChunkedUpload {
  @Column('text', { unique: true, nullable: true })
  isan!: string | null;
}

class FilmFields {
  @IsOptional()
  @IsString()
  isan?: string;
}

class Everybody implements CanActivate {
  canActivate(): boolean {
    return true;
  }
}

type Hook = (upload: ChunkedUpload, context: CompletionContext) => unknown;

let hook: Hook = () => undefined;
let atStage: Partial<Record<string, () => unknown>> = {};

/** A rule of the host's that takes its time, and things happen meanwhile. */
class SlowPolicy extends UploadPolicy {
  async check({ stage }: { stage: string }): Promise<void> {
    await atStage[stage]?.();
  }
}

const upload: ChunkedUploadOptions = {
  callTimeout: '5m',
  owners: { person: { entity: Person, canAttach: () => true } },
  policies: [new SlowPolicy()],
  onComplete: (completed, context) => hook(completed, context),
  admin: { path: 'admin', guards: [Everybody] },
  cleanup: false,
};
const types = [{ path: 'films', entity: Film, fields: FilmFields }];

let host: Host;
/** Another process, with connections of its own. */
let other: Host;
let uploads: ChunkedUploadService;
let ann: UploadClient;
let person: Person;
const file = sample(300);
const sum = md5(file);
const caller = { creator: 'ann' };

interface Pool {
  readonly totalCount: number;
  readonly idleCount: number;
  readonly waitingCount: number;
}

beforeAll(async () => {
  const database = { entities: [Person, Team] };
  host = await startHost({ upload, types, database: { ...database, poolSize: 1 } });
  other = await startBeside(host, { upload, types, database });
  ({ uploads } = host);
  ann = new UploadClient(`${host.url}/uploads`);
});
afterAll(async () => {
  await other.close();
  await host.close();
});

beforeEach(async () => {
  hook = () => undefined;
  atStage = {};
  person = await other.dataSource.manager.save(newPerson('Ann'));
});
afterEach(async () => {
  const { master } = host.dataSource.driver as unknown as { master: Pool };
  await until('nobody holds the connection', () => {
    return master.waitingCount === 0 && master.idleCount === master.totalCount;
  });
});

/** A test that fails where it takes longer than a moment. */
function promptly(name: string, work: () => Promise<void>): void {
  it(name, work, MOMENT_MS);
}

const newPerson = (name: string) => Object.assign(new Person(), { name });

const owned = () => ({ ownerType: 'person', ownerId: String(person.id) });

const newFile = (fields: object = {}): BeginInput => ({
  body: file,
  total: 300,
  fields: { filename: 'a.bin', ...fields },
});

async function begun(fields: object = {}): Promise<ChunkedUpload> {
  return uploads.begin(newFile(fields), caller);
}

/** What another process does to the upload while this one's rules are asked at `stage`. */
function meanwhile(stage: string, work: () => Promise<unknown>): void {
  atStage[stage] = async () => {
    atStage = {};
    await work();
  };
}

const codeOf = async (work: Promise<unknown>): Promise<unknown> =>
  work.then(
    () => 'done',
    (error: unknown) => (error as { code?: unknown }).code ?? (error as Error).message,
  );

describe('The service', () => {
  for (const [name, fields] of [
    ['without an owner', () => ({})],
    ['with an owner', owned],
  ] as const) {
    promptly(`begins, goes on and completes: ${name}`, async () => {
      const input = { body: file.subarray(0, 100), total: 300 };
      const { id } = await uploads.begin({ ...newFile(fields()), ...input }, caller);
      await uploads.append(id, { body: file.subarray(100), offset: 100 }, caller);
      hook = async (completed, { manager }) => {
        await manager.update(Person, person.id, { name: completed.filename });
        return { ok: true };
      };
      const { upload: complete, response } = await uploads.complete(id, { checksum: sum });
      expect(response).toEqual({ ok: true });
      expect(await buffer(await uploads.createReadStream(complete))).toEqual(file);
      expect((await uploads.complete(id, { checksum: sum })).response).toEqual({ ok: true });
    });

    promptly(`takes a file whole: ${name}`, async () => {
      const input = { ...newFile(fields()), checksum: sum };
      expect((await uploads.uploadWhole(input, caller)).upload.status).toBe(2);
    });
  }

  promptly('finds', async () => {
    const { id } = await begun(owned());
    expect((await uploads.findOne(id, caller)).id).toBe(id);
    expect((await uploads.findResumable(id, caller)).id).toBe(id);
    expect((await uploads.find(owned())).map((each) => each.id)).toEqual([id]);
    expect((await uploads.findByOwner(person)).map((each) => each.id)).toEqual([id]);
    expect((await uploads.findByOwner('person', person.id, {}, caller)).length).toBe(1);
    expect((await uploads.findByOwners([person, { type: 'person', id: 0 }])).length).toBe(1);
  });

  promptly('gives an upload to an owner', async () => {
    const { id } = await begun();
    expect(await uploads.assignOwner(id, person, caller)).toMatchObject(owned());
    expect(await uploads.assignOwner(id, null)).toMatchObject({ ownerId: null });
  });

  promptly("gives an upload to an owner in the host's transaction", async () => {
    const { id } = await begun();
    await host.dataSource.transaction(async (manager) => {
      const second = await manager.save(newPerson('Bob'));
      const assigned = await uploads.assignOwner(id, second, caller, manager);
      expect(assigned.ownerId).toBe(String(second.id));
      await uploads.assignOwner(id, { type: 'person', id: person.id }, undefined, manager);
      expect(await codeOf(uploads.assignOwner('x', person, caller, manager))).toBe('not_found');
      const nobody = { type: 'person', id: 0 };
      expect(await codeOf(uploads.assignOwner(id, nobody, caller, manager))).toBe('invalid_field');
      const bob = { creator: 'bob' };
      expect(await codeOf(uploads.assignOwner(id, person, bob, manager))).toBe('not_found');
    });
    expect((await uploads.findOne(id)).ownerId).toBe(String(person.id));
  });

  promptly("gives an upload to an owner in its own completion's transaction", async () => {
    const { id } = await begun();
    hook = async (completed, { manager }) => {
      await uploads.assignOwner(completed.id, person, undefined, manager);
    };
    await uploads.complete(id, { checksum: sum });
    expect((await uploads.findOne(id)).ownerId).toBe(String(person.id));
  });

  promptly('aborts, removes, cleans up and reconciles', async () => {
    const [one, two, three] = await Promise.all([begun(), begun(owned()), begun()]);
    await uploads.abort(one.id, caller);
    await uploads.remove(two.id, caller);
    await host.dataSource.query('UPDATE chunked_upload SET expires_at = now() WHERE id = $1', [
      three.id,
    ]);
    const { removed } = await uploads.removeExpired();
    expect(removed).toBeGreaterThanOrEqual(1);
    await uploads.removeExpired({ unfinished: true, keepRecord: true, batchSize: 1 });
    expect(await uploads.reconcile({ grace: 0 })).toMatchObject({ failed: 0 });
  });

  promptly('cleans up what has lost its owner, and finds what has lost its record', async () => {
    const { id } = await begun(owned());
    const lost = await begun();
    await other.dataSource.getRepository(Person).delete(person.id);
    await other.dataSource.query('DELETE FROM chunked_upload WHERE id = $1', [lost.id]);
    await uploads.removeExpired();
    expect(await codeOf(uploads.findOne(id))).toBe('not_found');
    expect((await uploads.reconcile({ grace: 0 })).removed).toBeGreaterThanOrEqual(1);
  });
});

describe('A completion', () => {
  promptly('that has lost its lease is told why', async () => {
    const removed = await begun();
    meanwhile('complete', async () => other.uploads.remove(removed.id));
    expect(await codeOf(uploads.complete(removed.id, { checksum: sum }))).toBe('not_found');
    const aborted = await begun();
    meanwhile('complete', async () => other.uploads.abort(aborted.id));
    expect(await codeOf(uploads.complete(aborted.id, { checksum: sum }))).toBe('aborted');
    const taken = await begun();
    meanwhile('complete', async () =>
      other.dataSource.query(
        'UPDATE chunked_upload SET lease_token = gen_random_uuid() WHERE id = $1',
        [taken.id],
      ),
    );
    expect(await codeOf(uploads.complete(taken.id, { checksum: sum }))).toBe('busy');
  });

  promptly('that a renewal has seen half removed is told that it is gone', async () => {
    const { id } = await begun();
    meanwhile('complete', async () => {
      const marked = 'status = 3, lease_token = NULL, lease_until = NULL';
      await other.dataSource.query(`UPDATE chunked_upload SET ${marked} WHERE id = $1`, [id]);
      const renew = vi.spyOn(LeaseRepository.prototype, 'renew');
      // One of them may have been on its way before.
      await until('it is renewed', () => renew.mock.settledResults.length > 1);
      renew.mockRestore();
      await other.dataSource.query('DELETE FROM chunked_upload WHERE id = $1', [id]);
    });
    expect(await codeOf(uploads.complete(id, { checksum: sum }))).toBe('not_found');
  });

  promptly('of each of many uploads that are removed meanwhile', async () => {
    const all = await Promise.all(Array.from({ length: 8 }, async () => begun()));
    let asked = 0;
    let go!: () => void;
    const gone = new Promise<void>((resolve) => {
      go = resolve;
    });
    atStage['complete'] = async () => {
      asked += 1;
      await gone;
    };
    const completing = all.map(async ({ id }) => codeOf(uploads.complete(id, { checksum: sum })));
    await until('all of them ask their rules', () => asked === all.length);
    await other.dataSource.query('DELETE FROM chunked_upload');
    go();
    expect(await Promise.all(completing)).toEqual(all.map(() => 'not_found'));
  });

  promptly('whose hook throws can be repeated', async () => {
    const { id } = await begun(owned());
    hook = () => {
      throw new ConflictException('not yet');
    };
    expect(await codeOf(uploads.complete(id, { checksum: sum }))).toBe('not yet');
    hook = async (_, { manager }) => manager.query('SELECT * FROM no_such_table');
    expect(await codeOf(uploads.complete(id, { checksum: sum }))).toBe('42P01');
    hook = async (_, { manager }) => {
      await manager.query('SELECT 1 / 0').catch(() => undefined);
    };
    expect(await codeOf(uploads.complete(id, { checksum: sum }))).toBe('25P02');
    hook = () => undefined;
    expect(await codeOf(uploads.complete(id, { checksum: sum }))).toBe('done');
  });

  promptly('whose owner is gone', async () => {
    const { id } = await begun(owned());
    await other.dataSource.getRepository(Person).delete(person.id);
    expect(await codeOf(uploads.complete(id, { checksum: sum }))).toBe('invalid_field');
  });

  promptly('is waited for by a removal', async () => {
    const { id } = await begun();
    let release!: () => void;
    const released = new Promise<void>((resolve) => {
      release = resolve;
    });
    let isRunning = false;
    hook = async () => {
      isRunning = true;
      await released;
    };
    const completing = uploads.complete(id, { checksum: sum });
    await until('the hook runs', () => isRunning);
    // It has no connection to ask by until the hook has ended.
    const removing = uploads.remove(id);
    await sleep(100);
    release();
    await completing;
    await removing;
    expect(await codeOf(uploads.findOne(id))).toBe('not_found');
  });

  promptly('of many at once, of one upload and of many', async () => {
    const one = await begun();
    const many = await Promise.all(Array.from({ length: 5 }, async () => begun(owned())));
    let calls = 0;
    hook = async (_, { manager }) => {
      calls += 1;
      await manager.query('SELECT pg_sleep(0.05)');
    };
    const ids = [...many.map(({ id }) => id), ...Array.from({ length: 10 }, () => one.id)];
    // Who waits for another one's completion for a second is told to ask again.
    const complete = async (id: string): Promise<void> =>
      until('it is completed', async () => {
        const code = await codeOf(uploads.complete(id, { checksum: sum }));
        expect(['done', 'busy']).toContain(code);
        return code === 'done';
      });
    await Promise.all(ids.map(complete));
    expect(calls).toBe(6);
  });
});

describe('A new upload', () => {
  promptly('whose owner goes before its row is written leaves nothing', async () => {
    for (const begin of [
      async () => uploads.begin(newFile(owned()), caller),
      async () => uploads.uploadWhole({ ...newFile(owned()), checksum: sum }, caller),
    ]) {
      person = await other.dataSource.manager.save(newPerson('Ann'));
      meanwhile('begin', async () => other.dataSource.getRepository(Person).delete(person.id));
      expect(await codeOf(begin())).toBe('invalid_field');
    }
    expect(await uploads.find(owned())).toEqual([]);
  });

  promptly('whose values break a rule of the table', async () => {
    const films = new UploadClient(`${host.url}/films`);
    const once = { query: { isan: '0000', owner_type: 'person', owner_id: String(person.id) } };
    expect((await films.begin(file, 300, once)).offset).toBe(300);
    const again = await films.put('bytes 0-299/300', file, once);
    expect([again.status, again.detail]).toEqual([400, { isan: [expect.any(String)] }]);
    const whole = await films.whole(file, { query: { ...once.query, md5: sum } });
    expect([whole.status, whole.detail]).toEqual([400, { isan: [expect.any(String)] }]);
    const service = host.app.get<ChunkedUploadService<Film>>(getChunkedUploadToken(Film), {
      strict: false,
    });
    expect((await service.find()).length).toBe(1);
  });

  promptly('whose hook throws leaves nothing', async () => {
    hook = () => {
      throw new ConflictException('no');
    };
    const input = { ...newFile(owned()), checksum: sum };
    expect(await codeOf(uploads.uploadWhole(input, caller))).toBe('no');
    expect(await uploads.find(owned())).toEqual([]);
  });
});

describe('The removal of an owner by TypeORM', () => {
  const people = () => host.dataSource.getRepository(Person);

  promptly('takes its uploads along', async () => {
    const { id } = await begun(owned());
    await uploads.complete(id, { checksum: sum });
    await people().remove(person);
    expect(await codeOf(uploads.findOne(id))).toBe('not_found');
  });

  promptly('that is rolled back does not', async () => {
    const { id } = await begun(owned());
    const work = host.dataSource.transaction(async (manager) => {
      await manager.remove(person);
      throw new Error('undo');
    });
    expect(await codeOf(work)).toBe('undo');
    expect((await uploads.findOne(id)).id).toBe(id);
  });

  promptly('ends who is writing one of them', async () => {
    const { id } = await uploads.begin(
      { ...newFile(owned()), body: file.subarray(0, 100) },
      caller,
    );
    const body = new HeldBody(file.subarray(100, 200), file.subarray(200));
    const writing = codeOf(uploads.append(id, { body, offset: 100 }, caller));
    await until('it is written', async () => {
      const [row] = await other.dataSource.query<{ lease_token: string | null }[]>(
        'SELECT lease_token FROM chunked_upload WHERE id = $1',
        [id],
      );
      return row?.lease_token !== null;
    });
    await people().remove(person);
    expect(await writing).toBe('not_found');
    body.release();
  });

  promptly('within the hook of a completion', async () => {
    const mine = await begun(owned());
    const { id } = await begun();
    hook = async (_, { manager }) => {
      await manager.remove(person);
    };
    await uploads.complete(id, { checksum: sum });
    expect(await codeOf(uploads.findOne(mine.id))).toBe('not_found');
  });
});

describe('Over HTTP', () => {
  promptly('every verb', async () => {
    const { id } = await ann.begin(file.subarray(0, 100), 300);
    const next = await ann.put('bytes 100-299/300', file.subarray(100), { id });
    expect(next.upload.offset).toBe(300);
    expect((await ann.head(id)).headers.get('upload-offset')).toBe('300');
    hook = () => ({ ok: true });
    expect((await ann.complete(id, sum)).body).toEqual({ ok: true });
    expect((await ann.complete(id, sum)).body).toEqual({ ok: true });
    expect((await ann.get(id)).status).toBe(200);
    expect((await ann.download(id)).bytes).toEqual(file);
    expect((await ann.list({ status: '2' })).length).toBeGreaterThanOrEqual(1);
    const query = { owner_type: 'person', owner_id: String(person.id), md5: sum };
    expect((await ann.whole(file, { query })).status).toBe(200);
    expect((await ann.list({ owner_type: 'person', owner_id: String(person.id) })).length).toBe(1);
    expect((await ann.delete(id)).status).toBe(204);
    expect((await ann.get(id)).status).toBe(404);
  });

  promptly('refusals', async () => {
    const { id } = await ann.begin(file.subarray(0, 100), 300);
    const statuses = await Promise.all([
      ann.put('bytes 0-99/300', file.subarray(0, 100), { id }),
      ann.put('bytes 100-199/400', file.subarray(0, 100), { id }),
      ann.complete(id, sum),
      ann.as('bob').get(id),
      ann.as('bob').delete(id),
      ann.put('bytes 0-99/300', file.subarray(0, 100), {
        query: { owner_type: 'person', owner_id: '0' },
      }),
    ]);
    expect(statuses.map(({ status }) => status)).toEqual([400, 400, 400, 404, 404, 400]);
  });

  promptly('the admin', async () => {
    const ids = [];
    for (let count = 0; count < 3; count += 1) ids.push((await ann.begin(file, 300)).id);
    const select = (id: string | undefined) =>
      JSON.stringify({ uploads: [{ type: 'uploads', id }] });
    const ask = async (path: string, body?: string): Promise<unknown> => {
      const headers = { 'content-type': 'application/json' };
      const init = body === undefined ? {} : { method: 'POST', headers, body };
      const response = await fetch(`${host.url}/admin/api/${path}`, init);
      expect([path, response.status]).toEqual([path, 200]);
      return response.json();
    };
    const done = { outcomes: [expect.objectContaining({ ok: true })] };
    await Promise.all(
      ['uploads', 'count', `uploads/${ids[0]}?type=uploads`].map(async (path) => ask(path)),
    );
    expect(await ask('abort', select(ids[0]))).toMatchObject(done);
    expect(await ask('delete', select(ids[1]))).toMatchObject(done);
    await host.dataSource.query('UPDATE chunked_upload SET expires_at = now() WHERE id = $1', [
      ids[2],
    ]);
    expect(await ask('delete-expired', select(ids[2]))).toMatchObject(done);
    await ask('delete-expired', '{}');
  });

  promptly('many callers at once', async () => {
    const clients = Array.from({ length: 20 }, (_, n) => ann.as(`user-${n}`));
    const statuses = await Promise.all(
      clients.map(async (client) => (await client.file(file)).status),
    );
    expect(statuses).toEqual(clients.map(() => 2));
  });
});
