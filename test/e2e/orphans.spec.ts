import { ChunkedUpload } from 'nestjs-chunked-upload';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { Connections } from '../../src/chunked-upload/database/connections.js';
import { OwnedUploadRepository } from '../../src/chunked-upload/database/owned-upload.repository.js';
import { UploadTable } from '../../src/chunked-upload/database/upload-table.js';
import { OwnerTypes } from '../../src/chunked-upload/owners/owner-types.js';
import { type Host, startHost } from '../support/host.js';
import {
  Account,
  Archive,
  Country,
  Device,
  ENTITIES,
  Moment,
  Parcel,
  Seat,
} from './owners.entities.js';

// What the clean-up asks of the database: owners that were deleted without TypeORM.

const OWNERS = {
  seat: Seat,
  account: Account,
  device: Device,
  country: Country,
  parcel: Parcel,
  moment: Moment,
  archive: { entity: Archive, keep: true },
};
const UUID = 'aaaaaaaa-bbbb-4ccc-8ddd-eeeeeeeeeeee';
const ROWS: [string, new () => object, object, string][] = [
  ['seat', Seat, { number: 7 }, '7'],
  ['account', Account, { id: '-9223372036854775808' }, '-9223372036854775808'],
  ['device', Device, { id: UUID }, UUID],
  ['country', Country, { code: 'ÄÖ' }, 'ÄÖ'],
];

let host: Host;
let connections: Connections;
let repository: OwnedUploadRepository<ChunkedUpload>;

/** What the clean-up would remove because its owner is gone. */
async function find(): Promise<Set<string>> {
  const found = new Set<string>();
  await host.uploads.removeExpired({
    dryRun: true,
    report: ({ upload, reason }) => {
      if (reason === 'ownerless') found.add(upload.id);
    },
  });
  return found;
}

beforeAll(async () => {
  host = await startHost({ upload: { owners: OWNERS }, database: { entities: ENTITIES } });
  connections = new Connections(host.dataSource);
  repository = new OwnedUploadRepository(new UploadTable(connections, ChunkedUpload));
});
afterAll(() => host.close());

async function uploadOf(type: string | null, id: string | null): Promise<string> {
  const upload = await host.uploads.begin({ body: Buffer.from('x'), fields: { filename: 'a' } });
  const sql = 'UPDATE chunked_upload SET owner_type = $2, owner_id = $3 WHERE id = $1';
  await host.dataSource.query(sql, [upload.id, type, id]);
  return upload.id;
}

async function removeAll(): Promise<void> {
  for (const { id } of await host.uploads.find()) await host.uploads.remove(id);
}

describe('The clean-up', () => {
  it.each(ROWS)(
    'finds uploads of a %s that was deleted, and no others',
    async (type, entity, row, id) => {
      const owners = host.dataSource.getRepository<object>(entity);
      await owners.insert({ ...row });
      const orphan = await uploadOf(type, id);
      await uploadOf(null, null);
      expect(await find()).toEqual(new Set());
      await owners.delete(row);
      expect(await find()).toEqual(new Set([orphan]));
      await removeAll();
    },
  );

  it('counts ids that no owner can have as gone', async () => {
    const gone = [
      await uploadOf('seat', 'abc'),
      await uploadOf('seat', '9'.repeat(19)),
      await uploadOf('account', '9'.repeat(500)),
      await uploadOf('account', '1.5'),
      await uploadOf('device', 'none'),
      await uploadOf('country', 'x'.repeat(1000)),
    ];
    expect(await find()).toEqual(new Set(gone));
    await removeAll();
  });

  it('leaves alone what is soft-deleted, kept, of no registered type, or cannot be compared', async () => {
    const accounts = host.dataSource.getRepository(Account);
    await accounts.insert({ id: '5' });
    await accounts.softDelete('5');
    const spared: [string, string][] = [
      ['account', '5'],
      ['archive', '1'],
      ['stranger', '1'],
      ['parcel', 'p-1'],
      ['moment', '2026-11-23T10:00:00.000Z'],
    ];
    for (const [type, id] of spared) await uploadOf(type, id);
    expect(await find()).toEqual(new Set());
    await removeAll();
  });

  it('asks nothing where no owner can be compared', async () => {
    const none = new OwnerTypes(new Map([['parcel', { entity: Parcel }]]), connections);
    expect(repository.orphaned(none.tables, 1)).toBeNull();
  });
});
