import { ChunkedUpload } from 'nestjs-chunked-upload';
import type { EntitySubscriberInterface } from 'typeorm';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { type Host, startHost } from '../support/host.js';
import { storedFiles } from '../support/stored-files.js';
import { md5, sample } from '../support/upload-client.js';
import { Person, Team } from './owners.entities.js';

// Subscribers of the host's that fail, with errors that look like the database's answer to us.

let host: Host;
let person: Person;
const file = sample(300);

beforeAll(async () => {
  const owners = { person: { entity: Person, canAttach: () => true } };
  host = await startHost({
    upload: { owners, cleanup: false },
    database: { entities: [Person, Team] },
  });
  person = await host.dataSource.manager.save(Object.assign(new Person(), { name: 'Ann' }));
});
afterAll(async () => {
  await host.close();
});

const added: EntitySubscriberInterface[] = [];

function subscribe(subscriber: EntitySubscriberInterface): void {
  added.push(subscriber);
  host.dataSource.subscribers.push(subscriber);
}

afterEach(async () => {
  const { subscribers } = host.dataSource;
  for (const each of added.splice(0)) subscribers.splice(subscribers.indexOf(each), 1);
  for (const { id } of await host.dataSource.manager.find(ChunkedUpload)) {
    await host.uploads.remove(id);
  }
});

const fieldsOf = (owner: object) => ({ filename: 'a.bin', ...owner });
const begin = async (owner: object) =>
  host.uploads.begin({ body: file, total: 300, fields: fieldsOf(owner) });
const sendWhole = async (owner: object) =>
  host.uploads.uploadWhole({ body: file, checksum: md5(file), fields: fieldsOf(owner) });

const nobody = () => ({});
const owned = () => ({ ownerType: 'person', ownerId: String(person.id) });

/** What is left of all uploads. */
async function left(): Promise<{ rows: number; files: number }> {
  const rows = await host.dataSource.manager.count(ChunkedUpload);
  return { rows, files: (await storedFiles(host.root)).length };
}

/** An error of the database, on a connection of the host's own. */
async function fail(code: string): Promise<void> {
  await host.dataSource.query(`DO $$ BEGIN RAISE EXCEPTION 'no' USING ERRCODE = '${code}'; END $$`);
}

const ways = [
  { way: 'begun', send: begin, owner: nobody },
  { way: 'begun for an owner', send: begin, owner: owned },
  { way: 'sent whole', send: sendWhole, owner: nobody },
  { way: 'sent whole for an owner', send: sendWhole, owner: owned },
];

describe.each(ways)('An upload that is $way', ({ send, owner }) => {
  it.each(['23502', '23505', '22003'])(
    'leaves neither row nor bytes where a subscriber of new rows fails with %s',
    async (code) => {
      subscribe({ listenTo: () => ChunkedUpload, afterInsert: async () => fail(code) });
      await expect(send(owner())).rejects.toThrow();
      expect(await left()).toEqual({ rows: 0, files: 0 });
    },
  );

  it('is not acknowledged where such a subscriber fails in its transaction, and hides that', async () => {
    subscribe({
      listenTo: () => ChunkedUpload,
      afterInsert: async ({ manager }) => {
        await manager.query('SELECT 1 / 0').catch(() => undefined);
      },
    });
    await expect(send(owner())).rejects.toThrow('nothing of it was committed');
    expect(await left()).toEqual({ rows: 0, files: 0 });
  });

  it('commits with what such a subscriber writes, once, also where that was in a conflict', async () => {
    let calls = 0;
    subscribe({
      listenTo: () => ChunkedUpload,
      afterInsert: async ({ manager }) => {
        await manager.insert(Person, { name: 'told' });
        calls += 1;
        if (calls === 1) await fail('40001');
      },
    });
    await send(owner());
    expect(calls).toBe(2);
    expect(await left()).toEqual({ rows: 1, files: 1 });
    const { affected } = await host.dataSource.manager.delete(Person, { name: 'told' });
    expect(affected).toBe(1);
  });

  it.each(['23505', '40001', '40P01', '22003'])(
    'keeps bytes and row together where a subscriber of its last statement fails with %s',
    async (code) => {
      const last = owner === nobody ? /^INSERT INTO "chunked_upload"/ : /^COMMIT/;
      let calls = 0;
      subscribe({
        afterQuery: async ({ query }) => {
          if (!last.test(query)) return;
          calls += 1;
          await fail(code);
        },
      });
      await send(owner()).catch(() => undefined);
      // Once: what took effect is not asked for again.
      expect(calls).toBe(1);
      expect(await left()).toEqual({ rows: 1, files: 1 });
    },
  );
});

it('A subscriber that fails at once is no refusal either', async () => {
  subscribe({
    afterQuery: ({ query }) => {
      if (!query.startsWith('INSERT INTO "chunked_upload"')) return;
      throw Object.assign(new Error('no'), { code: '23505', severity: 'ERROR' });
    },
  });
  await expect(begin({})).rejects.toThrow('A subscriber failed');
  expect(await left()).toEqual({ rows: 1, files: 1 });
});

it('A statement that the database refused stays refused, whatever a subscriber says of it', async () => {
  subscribe({
    afterQuery: async ({ query, success }) => {
      if (!success && query.startsWith('INSERT INTO "chunked_upload"')) await fail('08006');
    },
  });
  const fields = { filename: 'a\0.bin' };
  const begun = host.uploads.begin({ body: file, total: 300, fields });
  await expect(begun).rejects.toThrow();
  expect(await left()).toEqual({ rows: 0, files: 0 });
});

it('A subscriber that fails after the COMMIT costs nothing', async () => {
  subscribe({
    afterQuery: async ({ query }) => {
      if (query === 'COMMIT') await fail('23505');
    },
  });
  const upload = await begin(owned());
  expect(upload).toMatchObject({ offset: 300, ownerType: 'person' });
});

it('What is refused for good after a conflict at the COMMIT leaves no bytes', async () => {
  let commits = 0;
  subscribe({
    beforeQuery: async ({ query }) => {
      if (query !== 'COMMIT') return;
      commits += 1;
      await fail('40001');
    },
    afterTransactionStart: () => {
      if (commits > 0) throw new Error('not again');
    },
  });
  await expect(begin(owned())).rejects.toThrow('not again');
  expect(commits).toBe(1);
  expect(await left()).toEqual({ rows: 0, files: 0 });
});
