import { Logger } from '@nestjs/common';
import {
  type ChunkedUpload,
  ChunkedUploadError,
  type ChunkedUploadErrorCode,
  ChunkedUploadService,
  ChunkedUploadStatus,
  LocalDiskStorage,
  type UploadContext,
  getChunkedUploadToken,
} from 'nestjs-chunked-upload';
import { FaultInjectingStorage } from 'nestjs-chunked-upload/testing';
import { rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { DataSource, EntityManager } from 'typeorm';
import { afterAll, afterEach, beforeAll, describe, expect, it, vi } from 'vitest';
import { type Host, startHost, withHost } from '../support/host.js';
import { storedFiles } from '../support/stored-files.js';
import { UploadClient, md5, sample } from '../support/upload-client.js';
import { until } from '../support/waiting.js';
import {
  Account,
  Animal,
  Archive,
  Country,
  Device,
  Dog,
  ENTITIES,
  Moment,
  Paired,
  Parcel,
  Person,
  Scan,
  Seat,
  Team,
} from './owners.entities.js';

const file = sample(300);
const fields = { filename: 'a.bin' };
const ann = { creator: 'ann' };
const bob = { creator: 'bob' };
const UUID = 'aaaaaaaa-bbbb-4ccc-8ddd-eeeeeeeeeeee';

const root = join(tmpdir(), `owners-${process.pid}`);
const storage = new FaultInjectingStorage(new LocalDiskStorage({ root }));
let host: Host;
let uploads: ChunkedUploadService;
let scans: ChunkedUploadService<Scan>;
let database: DataSource;
let mayAttach: (owner: Person, context: UploadContext) => unknown = () => true;

beforeAll(async () => {
  const canAttach = (owner: Person, context: UploadContext) => mayAttach(owner, context) as boolean;
  host = await startHost({
    upload: {
      storage,
      owners: {
        person: { entity: Person, canAttach },
        team: Team,
        seat: Seat,
        account: Account,
        device: Device,
        country: Country,
        parcel: Parcel,
        moment: Moment,
        animal: Animal,
        archive: { entity: Archive, keep: true },
      },
    },
    types: [{ path: 'scans', entity: Scan, owners: { human: Person } }],
    database: { entities: ENTITIES },
  });
  ({ uploads, dataSource: database } = host);
  scans = host.app.get(getChunkedUploadToken(Scan), { strict: false });
});
afterEach(() => {
  mayAttach = () => true;
  storage.fault = null;
});
afterAll(async () => {
  await host.close();
  await rm(root, { recursive: true, force: true });
});

async function failureOf(work: Promise<unknown>): Promise<ChunkedUploadError> {
  const error = await work.then(
    () => null,
    (reason: unknown) => reason,
  );
  expect(error).toBeInstanceOf(ChunkedUploadError);
  return error as ChunkedUploadError;
}

async function expectError(work: Promise<unknown>, code: ChunkedUploadErrorCode): Promise<void> {
  expect((await failureOf(work)).code).toBe(code);
}

const people = () => database.getRepository(Person);
const newPerson = () => people().save(people().create());
const idsOf = (found: ChunkedUpload[]) => found.map(({ id }) => id);

/** An upload of ann's. */
const upload = () => uploads.begin({ body: file, total: 300, fields }, ann);

async function uploadOf(owner: object): Promise<ChunkedUpload> {
  return uploads.assignOwner((await upload()).id, owner);
}

async function hasBytes({ id }: ChunkedUpload): Promise<boolean> {
  return (await storedFiles(root)).some((name) => name.includes(id));
}

async function hasRecord({ id }: ChunkedUpload): Promise<boolean> {
  return (await uploads.findOne(id).catch(() => null)) !== null;
}

async function expectGone(gone: ChunkedUpload): Promise<void> {
  expect({ record: await hasRecord(gone), bytes: await hasBytes(gone) }).toEqual({
    record: false,
    bytes: false,
  });
}

async function expectThere(there: ChunkedUpload): Promise<void> {
  expect({ record: await hasRecord(there), bytes: await hasBytes(there) }).toEqual({
    record: true,
    bytes: true,
  });
}

describe('The start', () => {
  it.each([
    ['that is no entity of the data source', class Stranger {}, 'Stranger is not an entity of'],
    ['with a primary key of two columns', Paired, 'Paired must have a primary key of one column'],
  ])('stops for an owner %s', async (_, entity, sentence) => {
    const start = withHost(
      { upload: { owners: { it: entity } }, database: { entities: [Paired] } },
      async () => undefined,
    );
    await expect(start).rejects.toThrow(`the option "owners" of "it": ${sentence}`);
  });
});

describe('assignOwner', () => {
  it('gives, moves and takes away', async () => {
    const [one, two] = [await newPerson(), await newPerson()];
    const { id } = await upload();
    const given = await uploads.assignOwner(id, one);
    expect(given).toMatchObject({ id, ownerType: 'person', ownerId: String(one.id), offset: 300 });
    expect(await uploads.findOne(id)).toEqual(given);
    const moved = await uploads.assignOwner(id, { type: 'person', id: two.id });
    expect(moved).toMatchObject({ ownerType: 'person', ownerId: String(two.id) });
    const free = await uploads.assignOwner(id.toUpperCase(), null);
    expect(free).toMatchObject({ ownerType: null, ownerId: null });
    expect(await uploads.findByOwner(two)).toEqual([]);
  });

  it('takes an upload in any state', async () => {
    const person = await newPerson();
    const { id } = await upload();
    await uploads.complete(id, { checksum: md5(file) });
    const { status } = await uploads.assignOwner(id, person);
    expect(status).toBe(ChunkedUploadStatus.Complete);
    const aborted = await upload();
    await uploads.abort(aborted.id);
    expect(await uploads.assignOwner(aborted.id, person)).toMatchObject({ status: 3 });
  });

  it('does not disturb a running writer', async () => {
    const person = await newPerson();
    const { id } = await uploads.begin({ body: file.subarray(0, 100), total: 300, fields });
    let assigned: ChunkedUpload | null = null;
    async function* body(): AsyncGenerator<Uint8Array> {
      yield file.subarray(100, 200);
      assigned = await uploads.assignOwner(id, person);
      yield file.subarray(200);
    }
    const written = await uploads.append(id, { body: body(), offset: 100 });
    expect(assigned).toMatchObject({ ownerId: String(person.id), offset: 100 });
    expect(written).toMatchObject({ ownerId: String(person.id), offset: 300 });
  });

  it('knows nothing of uploads that are not there or not the caller’s', async () => {
    const person = await newPerson();
    const { id } = await upload();
    await expectError(uploads.assignOwner('none', person), 'not_found');
    await expectError(uploads.assignOwner(UUID, person), 'not_found');
    await expectError(uploads.assignOwner(id, person, bob), 'not_found');
    await expectError(uploads.assignOwner(id, { type: 'nobody', id: 1 }, bob), 'not_found');
    await expectError(uploads.assignOwner(id, null, bob), 'not_found');
    expect(await uploads.findOne(id)).toMatchObject({ ownerType: null });
    expect(await uploads.assignOwner(id, person, ann)).toMatchObject({ ownerType: 'person' });
  });

  it('asks canAttach where there is a caller', async () => {
    const person = await newPerson();
    const { id } = await upload();
    const asked = vi.fn((owner: Person, { creator }: UploadContext) => {
      return Promise.resolve(owner.id === person.id && creator === 'bob');
    });
    mayAttach = asked;
    const { detail } = await failureOf(uploads.assignOwner(id, person, ann));
    expect(detail).toEqual({ owner_id: ['You may not attach files to this person.'] });
    expect(asked).toHaveBeenCalledWith(expect.objectContaining({ id: person.id }), ann);
    expect(asked.mock.calls[0]?.[0]).toBeInstanceOf(Person);
    expect(await uploads.findOne(id)).toMatchObject({ ownerType: null });
    mayAttach = () => 'yes';
    await expectError(uploads.assignOwner(id, person, ann), 'invalid_field');
    const own = new Error('The host’s own');
    mayAttach = () => Promise.reject(own);
    await expect(uploads.assignOwner(id, person, ann)).rejects.toBe(own);
    mayAttach = () => false;
    expect(await uploads.assignOwner(id, person)).toMatchObject({ ownerType: 'person' });
    expect(await uploads.assignOwner(id, null, ann)).toMatchObject({ ownerType: null });
  });

  it('takes part in a transaction of the host, for an owner that it has just made', async () => {
    const { id } = await upload();
    const person = await database.transaction(async (manager) => {
      const made = await manager.save(manager.create(Person));
      await uploads.assignOwner(id, made, ann, manager);
      return made;
    });
    expect(idsOf(await uploads.findByOwner(person))).toEqual([id]);
    const other = await newPerson();
    const undone = database.transaction(async (manager) => {
      await uploads.assignOwner(id, other, ann, manager);
      throw new Error('Undone');
    });
    await expect(undone).rejects.toThrow('Undone');
    expect(idsOf(await uploads.findByOwner(person))).toEqual([id]);
  });

  it('answers busy while a completion has the row, instead of waiting for it', async () => {
    const person = await newPerson();
    const { id } = await upload();
    await database.transaction(async (manager) => {
      await manager.query('SELECT 1 FROM chunked_upload WHERE id = $1 FOR UPDATE', [id]);
      await expectError(uploads.assignOwner(id, person), 'busy');
    });
    expect(await uploads.assignOwner(id, person)).toMatchObject({ ownerType: 'person' });
  });

  it('refuses objects that name no owner', async () => {
    const { id } = await upload();
    const nobody = people().create({});
    const wrong: [object, string][] = [
      [nobody, 'owner_id'],
      [{ type: 'person' }, 'owner_type'],
      [new Date(), 'owner_type'],
      [{ type: 'person', id: {} }, 'owner_type'],
      [Object.create(null) as object, 'owner_type'],
    ];
    for (const [owner, field] of wrong) {
      expect((await failureOf(uploads.assignOwner(id, owner))).detail).toHaveProperty(field);
    }
  });
});

describe('An owner’s id', () => {
  const assign = async (type: string, id: string | number | bigint) =>
    uploads.assignOwner((await upload()).id, { type, id });

  it.each([
    ['int', 'seat', Seat, { number: 7 }, ['7', '007', ' 7', '+7', 7, 7n]],
    ['bigint', 'account', Account, { id: '9223372036854775807' }, ['9223372036854775807']],
    ['uuid', 'device', Device, { id: UUID }, [UUID, UUID.toUpperCase(), `{${UUID}}`]],
    ['varchar', 'country', Country, { code: 'ÄÖ 🇩🇪' }, ['ÄÖ 🇩🇪']],
    ['transformed', 'parcel', Parcel, { id: 'p-7' }, ['p-7', 'p-07']],
  ] as const)('of type %s is stored as the record says it', async (_, type, entity, row, forms) => {
    await database.getRepository<object>(entity).insert({ ...row });
    const [id] = Object.values(row);
    const found: string[] = [];
    for (const form of forms) {
      const assigned = await assign(type, form);
      expect(assigned).toMatchObject({ ownerType: type, ownerId: String(id) });
      found.push(assigned.id);
    }
    const instance = database.getRepository<object>(entity).create({ ...row });
    expect(idsOf(await uploads.findByOwner(instance))).toEqual(found);
    expect(idsOf(await uploads.findByOwner(type, String(id)))).toEqual(found);
    await database.getRepository<object>(entity).remove(instance);
    expect(await uploads.findByOwner(type, String(id))).toEqual([]);
  });

  it('of type timestamp is an ISO time', async () => {
    const moment = database.getRepository(Moment).create({ at: new Date('2026-11-23T10:00:00Z') });
    await database.getRepository(Moment).save(moment);
    const { id, ownerId } = await assign('moment', '2026-11-23 11:00:00+01');
    expect(ownerId).toBe('2026-11-23T10:00:00.000Z');
    expect(idsOf(await uploads.findByOwner(moment))).toEqual([id]);
    expect(await uploads.assignOwner(id, moment)).toMatchObject({ ownerId });
  });

  const shapes = [
    '',
    ' ',
    'abc',
    '0',
    '-1',
    '1.5',
    '1e3',
    '0x10',
    'NaN',
    'null',
    '1'.repeat(20),
    '9'.repeat(5000),
    'x'.repeat(65_536),
    'a\0b',
    '\0',
    '\ud800',
    '\udc00x',
    '🤷',
    '{}',
    '[1]',
    '__proto__',
    'constructor',
    `${UUID}0`,
    UUID.replaceAll('-', '_'),
    "1'; --",
    '1 OR 1=1',
    '$1',
    '‮7',
    'infinity ',
    'p-',
    'p-x',
    'p-1e999',
  ];

  it.each(['person', 'account', 'device', 'country', 'parcel', 'moment', 'animal', 'archive'])(
    'of a %s that is not there is refused, whatever it looks like',
    async (type) => {
      const { id } = await upload();
      for (const ownerId of shapes) {
        const { code, detail } = await failureOf(uploads.assignOwner(id, { type, id: ownerId }));
        expect(code).toBe('invalid_field');
        const quoted = ownerId.length > 50 ? `${ownerId.slice(0, 50)}…` : ownerId;
        expect(detail).toEqual({ owner_id: [`There is no ${type} "${quoted}".`] });
      }
      expect(await uploads.findOne(id)).toMatchObject({ ownerType: null, ownerId: null });
    },
  );

  it.each(['nobody', '', '__proto__', 'constructor', 'toString', 'Person', ' person', 'a\0', '5'])(
    'of the unknown type "%s" is refused',
    async (type) => {
      const { id } = await upload();
      const { code, detail } = await failureOf(uploads.assignOwner(id, { type, id: '1' }));
      expect(code).toBe('invalid_field');
      expect(detail).toEqual({
        owner_type: [expect.stringContaining(`Unknown owner type "${type}". Known: `)],
      });
    },
  );

  it('that does not fit keeps the cause', async () => {
    const { id } = await upload();
    const number = await failureOf(uploads.assignOwner(id, { type: 'person', id: 'abc' }));
    expect(number.cause).toMatchObject({ code: '22P02' });
    const parcel = await failureOf(uploads.assignOwner(id, { type: 'parcel', id: 'abc' }));
    expect(parcel.cause).toMatchObject({ message: 'No id of a parcel' });
  });

  it('of one that is soft-deleted is refused', async () => {
    const accounts = database.getRepository(Account);
    const account = await accounts.save(accounts.create({ id: '12' }));
    const mine = await uploadOf(account);
    await accounts.softRemove(account);
    const { id } = await upload();
    const { detail } = await failureOf(uploads.assignOwner(id, account));
    expect(detail).toEqual({ owner_id: ['There is no account "12".'] });
    await expectThere(mine);
    await accounts.restore('12');
    expect(await uploads.assignOwner(id, account)).toMatchObject({ ownerId: '12' });
  });
});

describe('findByOwner and findByOwners', () => {
  it('answer what belongs to one and to many, oldest first', async () => {
    const [one, two, none] = [await newPerson(), await newPerson(), await newPerson()];
    const team = await database.getRepository(Team).save({ id: one.id });
    const all: ChunkedUpload[] = [];
    for (const owner of [one, two, one]) {
      all.push(await uploadOf(owner));
    }
    const [first, second, third] = all;
    const ofTeam = await uploadOf({ type: 'team', id: team.id });
    expect(await uploads.findByOwner(one)).toEqual([first, third]);
    expect(await uploads.findByOwner({ type: 'person', id: one.id })).toEqual([first, third]);
    expect(await uploads.findByOwner('person', one.id)).toEqual([first, third]);
    expect(await uploads.findByOwner('team', String(team.id))).toEqual([ofTeam]);
    expect(await uploads.findByOwner('person', none.id)).toEqual([]);
    const both = [two, { type: 'person', id: one.id }];
    expect(await uploads.findByOwners(both)).toEqual([first, second, third]);
    expect(await uploads.findByOwners([])).toEqual([]);
  });

  it('narrow down by status, limit, offset and caller', async () => {
    const person = await newPerson();
    const [first, second] = [await uploadOf(person), await uploadOf(person)];
    await uploads.complete(second.id, { checksum: md5(file) });
    const complete = { status: ChunkedUploadStatus.Complete };
    expect(idsOf(await uploads.findByOwner(person, complete))).toEqual([second.id]);
    expect(idsOf(await uploads.findByOwner('person', person.id, complete))).toEqual([second.id]);
    expect(idsOf(await uploads.findByOwner(person, { limit: 1 }))).toEqual([first.id]);
    expect(idsOf(await uploads.findByOwner(person, { limit: 1, offset: 1 }))).toEqual([second.id]);
    expect(await uploads.findByOwner(person, {}, bob)).toEqual([]);
    expect(await uploads.findByOwner('person', person.id, {}, ann)).toHaveLength(2);
  });

  it('show what somebody anonymous began to no caller', async () => {
    const anonymous = { creator: null };
    const person = await newPerson();
    const owner = { ownerType: 'person', ownerId: String(person.id) };
    const begun = { body: file, total: 300, fields: { ...fields, ...owner } };
    const { id } = await uploads.begin(begun, anonymous);
    expect(await uploads.findByOwner(person, {}, anonymous)).toEqual([]);
    expect(await uploads.findByOwner(person, {}, ann)).toEqual([]);
    expect(idsOf(await uploads.findByOwner(person))).toEqual([id]);
  });

  it('answer more than a thousand', async () => {
    const person = await newPerson();
    const { id } = await uploadOf(person);
    await database.query(
      `INSERT INTO chunked_upload (id, filename, key, final_key, created_at, owner_type, owner_id)
       SELECT gen_random_uuid(), filename, key, final_key, created_at, owner_type, owner_id
       FROM chunked_upload, generate_series(1, 1500) WHERE id = $1`,
      [id],
    );
    expect(await uploads.findByOwner(person)).toHaveLength(1501);
    expect(await uploads.findByOwners([person])).toHaveLength(1501);
    await database.query('DELETE FROM chunked_upload WHERE owner_id = $1', [String(person.id)]);
  });

  it('find nothing by ids that nobody can have', async () => {
    for (const id of ['a\0b', '\ud800', '', 'x'.repeat(65_536)]) {
      expect(await uploads.findByOwner('person', id)).toEqual([]);
    }
    expect(await uploads.findByOwner('nobody', 1)).toEqual([]);
  });
});

describe('An owner that TypeORM removes', () => {
  it('takes its uploads along, of all upload types, and nobody else’s', async () => {
    const [person, other] = [await newPerson(), await newPerson()];
    const incomplete = await uploadOf(person);
    const complete = await uploadOf(person);
    await uploads.complete(complete.id, { checksum: md5(file) });
    const scan = await scans.begin({ body: file, fields });
    await scans.assignOwner(scan.id, person);
    const kept = await uploadOf({ type: 'person', id: other.id });
    const free = await upload();
    await people().remove(person);
    for (const gone of [incomplete, complete]) await expectGone(gone);
    expect(await scans.find()).toEqual([]);
    expect(await hasBytes(scan)).toBe(false);
    for (const there of [kept, free]) await expectThere(there);
  });

  it('whatever the entity manager and the shape', async () => {
    const removals: ((person: Person) => Promise<unknown>)[] = [
      (person) => database.manager.remove(person),
      (person) => database.manager.remove(Person, { id: person.id } as Person),
      (person) => people().remove([person]),
      (person) => people().remove(person, { transaction: false }),
      (person) => database.transaction((manager) => manager.remove(person)),
      (person) => database.transaction((manager) => manager.getRepository(Person).remove(person)),
    ];
    for (const remove of removals) {
      const person = await newPerson();
      const mine = await uploadOf(person);
      await remove(person);
      await expectGone(mine);
    }
  });

  it('in an array, by one statement', async () => {
    const persons = await people().save([{}, {}, {}].map(() => people().create()));
    const all: ChunkedUpload[] = [];
    for (const person of persons) all.push(await uploadOf({ type: 'person', id: person.id }));
    const queries: string[] = [];
    const watch = { beforeQuery: ({ query }: { query: string }) => void queries.push(query) };
    database.subscribers.push(watch);
    await people().remove(persons);
    database.subscribers.splice(database.subscribers.indexOf(watch), 1);
    expect(queries.filter((query) => query.includes('DELETE FROM "chunked_upload"'))).toHaveLength(
      1,
    );
    for (const each of all) await expectGone(each);
  });

  it('by a cascade of TypeORM’s', async () => {
    const teams = database.getRepository(Team);
    const team = teams.create({ members: [people().create({}), people().create({})] });
    await teams.save(team);
    const [ofTeam, ofMember] = [await uploadOf(team), await uploadOf(team.members[0] as Person)];
    await teams.remove(
      await teams.findOneOrFail({ where: { id: team.id }, relations: { members: true } }),
    );
    expect(await people().findBy({ team: { id: team.id } })).toEqual([]);
    await expectGone(ofTeam);
    await expectGone(ofMember);
  });

  it('as a subclass of a registered entity', async () => {
    const dogs = database.getRepository(Dog);
    const mine: ChunkedUpload[] = [];
    for (const remove of [
      (dog: Dog) => dogs.remove(dog),
      (dog: Dog) => database.getRepository(Animal).remove(dog),
      (dog: Dog) => database.manager.remove(Animal, { id: dog.id }),
    ]) {
      const dog = await dogs.save(dogs.create());
      const ofDog = await uploadOf(dog);
      expect(ofDog.ownerType).toBe('animal');
      mine.push(ofDog);
      await remove(dog);
    }
    for (const each of mine) await expectGone(each);
  });

  it('with keep leaves them alone', async () => {
    const archives = database.getRepository(Archive);
    const archive = await archives.save(archives.create());
    const mine = await uploadOf(archive);
    await archives.remove(archive);
    await expectThere(mine);
    expect(await uploads.findOne(mine.id)).toMatchObject({ ownerType: 'archive' });
  });

  it('with keep lets unfinished ones go on', async () => {
    const archives = database.getRepository(Archive);
    const archive = await archives.save(archives.create());
    const owner = { ownerType: 'archive', ownerId: String(archive.id) };
    const begun = { body: file.subarray(0, 100), total: 300, fields: { ...fields, ...owner } };
    const { id } = await uploads.begin(begun, ann);
    await archives.remove(archive);
    await uploads.append(id, { body: file.subarray(100), offset: 100 }, ann);
    const { upload: mine } = await uploads.complete(id, { checksum: md5(file) }, ann);
    expect(mine).toMatchObject({ ...owner, status: 2 });
  });

  it.each<[string, (person: Person) => Promise<unknown>]>([
    ['delete()', (person) => people().delete(person.id)],
    ['SQL', (person) => database.query('DELETE FROM person WHERE id = $1', [person.id])],
  ])('is not seen where it goes by %s', async (_, remove) => {
    const person = await newPerson();
    const mine = await uploadOf(person);
    await remove(person);
    await expectThere(mine);
    await uploads.remove(mine.id);
  });
});

describe('The transaction that removes an owner', () => {
  async function inside(
    work: (manager: EntityManager, person: Person, mine: ChunkedUpload) => Promise<unknown>,
  ): Promise<ChunkedUpload> {
    const person = await newPerson();
    const mine = await uploadOf(person);
    const done = database.transaction((manager) => work(manager, person, mine));
    await done.catch((error: unknown) => {
      if (error !== UNDONE) throw error;
    });
    return mine;
  }
  const UNDONE = new Error('Undone');
  const undone = () => Promise.reject(UNDONE);

  it('rolled back, restores records, and bytes were never touched', async () => {
    const mine = await inside(async (manager, person, { id }) => {
      await manager.remove(person);
      const [{ count }] = (await manager.query(
        'SELECT count(*)::int AS count FROM chunked_upload WHERE id = $1',
        [id],
      )) as [{ count: number }];
      expect(count).toBe(0);
      await undone();
    });
    await expectThere(mine);
    const completed = await uploads.complete(mine.id, { checksum: md5(file) });
    expect(completed.upload.status).toBe(ChunkedUploadStatus.Complete);
  });

  it('keeps the bytes until it is committed, also when a savepoint is released', async () => {
    const mine = await inside(async (manager, person, meanwhile) => {
      await manager.transaction((inner) => inner.remove(person));
      expect(await hasBytes(meanwhile)).toBe(true);
    });
    await expectGone(mine);
  });

  it('rolled back after a savepoint was released, removes nothing', async () => {
    const mine = await inside(async (manager, person) => {
      await manager.transaction((inner) => inner.remove(person));
      await undone();
    });
    await expectThere(mine);
  });

  it('with a savepoint rolled back, removes nothing of it when it is committed', async () => {
    const other = await newPerson();
    const others = await uploadOf(other);
    const mine = await inside(async (manager, person) => {
      const savepoint = manager.transaction(async (inner) => {
        await inner.remove(person);
        await undone();
      });
      await expect(savepoint).rejects.toBe(UNDONE);
      await manager.remove(other);
    });
    await expectThere(mine);
    await expectGone(others);
  });

  it('that removes again what failed in a savepoint still does so', async () => {
    const mine = await inside(async (manager, person, { id: uploadId }) => {
      const { id } = person;
      await manager.query('CREATE TABLE note (upload uuid REFERENCES chunked_upload)');
      await manager.query('INSERT INTO note VALUES ($1)', [uploadId]);
      const broken = manager.transaction((inner) => inner.remove(person));
      await expect(broken).rejects.toThrow('violates foreign key constraint');
      await manager.query('DROP TABLE note');
      await manager.remove(await manager.findOneByOrFail(Person, { id }));
    });
    await expectGone(mine);
  });

  it('makes who attaches an upload meanwhile wait, and then refuses it', async () => {
    const person = await newPerson();
    const { id } = await upload();
    const owner = { type: 'person', id: person.id };
    // In an object, since a promise would be awaited with the transaction.
    const { refused } = await database.transaction(async (manager) => {
      await manager.remove(person);
      const assigning = failureOf(uploads.assignOwner(id, owner));
      await waitingForLock();
      return { refused: assigning };
    });
    const sentence = `There is no person "${owner.id}".`;
    expect((await refused).detail).toEqual({ owner_id: [sentence] });
    expect(await uploads.findOne(id)).toMatchObject({ ownerType: null });
  });

  it('waits for who is attaching an upload, and takes that along', async () => {
    const person = await newPerson();
    const mine = await upload();
    const { removed } = await database.transaction(async (manager) => {
      await uploads.assignOwner(mine.id, person, ann, manager);
      const removing = people().remove(person);
      await waitingForLock();
      return { removed: removing };
    });
    await removed;
    await expectGone(mine);
  });

  async function waitingForLock(): Promise<void> {
    await until('A statement waits for a lock', async () => {
      const sql = `SELECT 1 FROM pg_stat_activity
        WHERE datname = current_database() AND wait_event_type = 'Lock'`;
      const waiting: unknown[] = await database.query(sql);
      return waiting.length > 0;
    });
  }

  it('is not broken by a storage that fails: the log names the upload', async () => {
    const person = await newPerson();
    const mine = await uploadOf(person);
    const warn = vi.spyOn(Logger.prototype, 'warn').mockImplementation(() => undefined);
    storage.failNext('remove', new Error('No storage today'));
    await people().remove(person);
    expect(await hasRecord(mine)).toBe(false);
    expect(await hasBytes(mine)).toBe(true);
    expect(warn.mock.calls).toEqual([[expect.stringMatching(`${mine.id}.*No storage today`)]]);
    warn.mockRestore();
  });

  it('does not wait for ever for a storage that hangs', async () => {
    const person = await newPerson();
    const mine = await uploadOf(person);
    let goOn!: () => void;
    const hanging = new Promise<void>((resolve) => {
      goOn = resolve;
    });
    storage.fault = (operation) => (operation === 'remove' ? hanging : undefined);
    await people().remove(person);
    await expect(hasBytes(mine)).resolves.toBe(true);
    goOn();
    await until('The bytes are gone', async () => !(await hasBytes(mine)));
  });
});

describe('A request that writes an upload whose owner is removed', () => {
  it('is ended with 404', async () => {
    const person = await newPerson();
    const { id } = await uploads.begin({ body: file.subarray(0, 100), total: 300, fields }, ann);
    const mine = await uploads.assignOwner(id, person);
    async function* body(): AsyncGenerator<Uint8Array> {
      yield file.subarray(100, 200);
      await people().remove(person);
      // It would come for ever, if nobody ended it.
      await new Promise(() => undefined);
    }
    await expectError(uploads.append(id, { body: body(), offset: 100 }, ann), 'not_found');
    await until('The bytes are gone', async () => !(await hasBytes(mine)));
    expect((await new UploadClient(`${host.url}/uploads`).get(id)).status).toBe(404);
  });
});

describe('A pool of one connection', () => {
  it('is enough to remove an owner', async () => {
    await withHost(
      {
        upload: { owners: { person: Person } },
        database: { entities: [Person, Team], extra: { max: 1 } },
      },
      async (small) => {
        const persons = small.dataSource.getRepository(Person);
        const person = await persons.save(persons.create());
        const { id } = await small.uploads.begin({ body: file, fields });
        await small.uploads.assignOwner(id, person);
        await persons.remove(person);
        expect(await small.uploads.find()).toEqual([]);
        expect(await storedFiles(small.root)).toEqual([]);
      },
    );
  });
});
