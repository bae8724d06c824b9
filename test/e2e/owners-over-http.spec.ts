import { ForbiddenException } from '@nestjs/common';
import { LocalDiskStorage, type UploadContext } from 'nestjs-chunked-upload';
import { FaultInjectingStorage } from 'nestjs-chunked-upload/testing';
import { rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { type Host, startHost } from '../support/host.js';
import { storedFiles } from '../support/stored-files.js';
import { type Answer, UploadClient, md5, sample } from '../support/upload-client.js';
import { ENTITIES, Person, Seat } from './owners.entities.js';

const root = join(tmpdir(), `owners-over-http-${process.pid}`);
const storage = new FaultInjectingStorage(new LocalDiskStorage({ root }));
const file = sample(300);
const first = file.subarray(0, 100);
let host: Host;
let ann: UploadClient;
let seat: Seat;
let mayAttach: (owner: Seat, context: UploadContext) => boolean = () => true;

beforeAll(async () => {
  const canAttach = (owner: Seat, context: UploadContext) => mayAttach(owner, context);
  host = await startHost({
    upload: { storage, owners: { 5: Person, seat: { entity: Seat, canAttach } } },
    database: { entities: ENTITIES },
  });
  ann = new UploadClient(`${host.url}/uploads`);
  const seats = host.dataSource.getRepository(Seat);
  seat = await seats.save(seats.create({ number: 7 }));
});
afterEach(() => {
  mayAttach = () => true;
  storage.fault = null;
});
afterAll(async () => {
  await host.close();
  await rm(root, { recursive: true, force: true });
});

const named = { owner_type: 'seat', owner_id: '007' };
const stored = { owner_type: 'seat', owner_id: '7' };
const refusal = { owner_id: ['You may not attach files to this seat.'] };

/** A request that would have begun an upload leaves nothing behind. */
async function expectRefused(request: () => Promise<Answer>, detail: object): Promise<void> {
  const before = { uploads: await host.uploads.find(), files: await storedFiles(root) };
  const { status, body } = await request();
  expect({ status, body }).toEqual({ status: 400, body: { detail } });
  expect({ uploads: await host.uploads.find(), files: await storedFiles(root) }).toEqual(before);
}

describe('owner_type and owner_id', () => {
  it.each([
    ['a raw first chunk', () => ann.put('bytes 0-99/300', first, { query: named })],
    ['a form before the file', () => ann.put('bytes 0-99/300', first, { form: { before: named } })],
    ['a form after the file', () => ann.put('bytes 0-99/300', first, { form: { after: named } })],
    ['a raw whole file', () => ann.whole(file, { query: { ...named, md5: md5(file) } })],
    ['a whole file', () => ann.whole(file, { form: { after: { ...named, md5: md5(file) } } })],
  ])('are taken from %s, and stored as the owner’s record says', async (_, request) => {
    const { status, upload } = await request();
    expect(status).toBe(200);
    expect(upload).toMatchObject(stored);
    expect((await ann.get(upload.id)).upload).toMatchObject(stored);
    expect((await ann.list(stored)).map(({ id }) => id)).toContain(upload.id);
    const found = await host.uploads.findByOwner(seat);
    expect(found.map(({ id }) => id)).toContain(upload.id);
  });

  it('may be the number of drf-chunked-upload’s content type', async () => {
    const people = host.dataSource.getRepository(Person);
    const { id } = await people.save(people.create());
    const query = { owner_type: '5', owner_id: String(id) };
    expect((await ann.put('bytes 0-99/300', first, { query })).upload).toMatchObject(query);
  });

  it.each([
    [
      'a type alone',
      { owner_type: 'seat' },
      { owner_id: ['Send both owner_type and owner_id, or neither.'] },
    ],
    [
      'an id alone',
      { owner_id: '7' },
      { owner_type: ['Send both owner_type and owner_id, or neither.'] },
    ],
    ['nobody', { ...named, owner_id: '8' }, { owner_id: ['There is no seat "8".'] }],
    ['no number', { ...named, owner_id: 'a\0' }, { owner_id: ['There is no seat "a\0".'] }],
    [
      'an unknown type',
      { ...named, owner_type: '__proto__' },
      { owner_type: ['Unknown owner type "__proto__". Known: 5, seat.'] },
    ],
  ])('are refused for %s', async (_, owner, detail) => {
    const query = owner as Record<string, string>;
    await expectRefused(() => ann.put('bytes 0-99/300', first, { query }), detail);
    for (const form of [{ before: query }, { after: query }]) {
      await expectRefused(() => ann.put('bytes 0-99/300', first, { form }), detail);
    }
    const form = { before: query, after: { md5: md5(file) } };
    await expectRefused(() => ann.whole(file, { form }), detail);
  });

  it('of 64 KB are a refusal like others', async () => {
    const before = { owner_type: 'x'.repeat(65_536), owner_id: 'y'.repeat(65_536) };
    const { status } = await ann.put('bytes 0-99/300', first, { form: { before } });
    expect(status).toBe(400);
    const after = { ...named, owner_id: '9'.repeat(65_536) };
    expect((await ann.put('bytes 0-99/300', first, { form: { after } })).status).toBe(400);
  });

  it('find nothing in a list where they are no owner’s', async () => {
    for (const owner_id of ['8', 'abc', 'x'.repeat(5000), '\ud800']) {
      expect(await ann.list({ ...stored, owner_id })).toEqual([]);
    }
    const { status } = await ann.send('GET', { query: { ...stored, owner_id: 'a\0' } });
    expect(status).toBeLessThan(500);
  });
});

describe('canAttach', () => {
  const requests: [string, () => Promise<Answer>][] = [
    ['a first chunk', () => ann.put('bytes 0-99/300', first, { query: named })],
    ['a form', () => ann.put('bytes 0-99/300', first, { form: { after: named } })],
    ['a whole file', () => ann.whole(file, { query: { ...named, md5: md5(file) } })],
    ['a beginning without bytes', () => createBy({ 'content-range': 'bytes */300' }, 'PUT')],
    ['a beginning without a name', () => createBy({ 'upload-length': '10' })],
    ['a beginning by tus', () => createBy({ 'tus-resumable': '1.0.0', 'upload-length': '10' })],
  ];

  function createBy(headers: Readonly<Record<string, string>>, method = 'POST'): Promise<Answer> {
    const pairs = Object.entries(named).map(([key, value]) => [key, btoa(value)].join(' '));
    const metadata = { 'upload-metadata': pairs.join(',') };
    const query = { ...named, ...(method === 'PUT' ? { filename: 'a.txt' } : {}) };
    return ann.send(method, { query, headers: { ...headers, ...metadata } });
  }

  it.each(requests)('refuses %s, of which nothing is left', async (_, request) => {
    mayAttach = ({ number }, { creator }) => number !== 7 || creator !== 'ann';
    await expectRefused(request, refusal);
    expect((await host.uploads.findByOwner(seat)).filter(({ offset }) => offset === 0)).toEqual([]);
  });

  it('is asked again for every chunk and the end', async () => {
    const { id } = await ann.begin(first, 300, { query: named });
    mayAttach = () => false;
    const rest = file.subarray(100);
    expect((await ann.put('bytes 100-299/300', rest, { id })).body).toEqual({ detail: refusal });
    expect(await ann.offset(id)).toBe(100);
    mayAttach = () => true;
    expect((await ann.put('bytes 100-299/300', rest, { id })).status).toBe(200);
    mayAttach = () => false;
    expect((await ann.complete(id, md5(file))).body).toEqual({ detail: refusal });
    expect((await ann.get(id)).upload.status).toBe(1);
    mayAttach = () => true;
    expect((await ann.complete(id, md5(file))).status).toBe(200);
  });

  it('answers by an exception of its own', async () => {
    mayAttach = () => {
      throw new ForbiddenException('Not today');
    };
    const { status, body } = await ann.put('bytes 0-99/300', first, { query: named });
    expect(status).toBe(403);
    expect(body).toMatchObject({ message: 'Not today' });
  });

  it('is not asked where the application itself uploads', async () => {
    mayAttach = () => false;
    const fields = { filename: 'a', ownerType: 'seat', ownerId: '7' };
    const { id, ownerId } = await host.uploads.begin({ body: file, fields });
    expect(ownerId).toBe('7');
    expect((await host.uploads.complete(id, { checksum: md5(file) })).upload.status).toBe(2);
  });
});

describe('An owner that is removed while the file comes', () => {
  it.each([
    ['a first chunk', () => ann.put('bytes 0-99/300', first, { query: other })],
    ['a whole file', () => ann.whole(file, { query: { ...other, md5: md5(file) } })],
  ])('leaves nothing of %s', async (_, request) => {
    const seats = host.dataSource.getRepository(Seat);
    const leaving = await seats.save(seats.create({ number: 9 }));
    storage.fault = async (operation) => {
      // Of a whole file that is one with its end.
      if (operation !== 'sync' && operation !== 'finish') return;
      storage.fault = null;
      await seats.remove(leaving);
    };
    await expectRefused(request, { owner_id: ['There is no seat "9".'] });
    expect(storage.fault).toBeNull();
  });
  const other = { owner_type: 'seat', owner_id: '9' };
});
