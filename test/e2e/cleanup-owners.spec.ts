import { stat } from 'node:fs/promises';
import { join } from 'node:path';
import { TypeOrmModule } from '@nestjs/typeorm';
import {
  type ChunkedUpload,
  type ChunkedUploadService,
  ChunkedUploadStatus,
  type Removal,
} from 'nestjs-chunked-upload';
import { Column, Entity, PrimaryColumn, PrimaryGeneratedColumn } from 'typeorm';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { HeldBody } from '../support/held-body.js';
import { type Host, startHost } from '../support/host.js';
import { storedFiles } from '../support/stored-files.js';
import { md5, sample } from '../support/upload-client.js';
import { until } from '../support/waiting.js';

@Entity()
class Person {
  @PrimaryGeneratedColumn()
  id!: number;

  @Column({ default: '' })
  name!: string;
}

@Entity()
class Archive {
  @PrimaryColumn()
  id!: string;
}

const { Aborted } = ChunkedUploadStatus;
const NOTHING = { removed: 0, bytes: 0, failed: 0, declined: 0, failure: null };
const file = sample(300);
const first = file.subarray(0, 100);

let host: Host;
let uploads: ChunkedUploadService;

beforeAll(async () => {
  host = await startHost({
    imports: [TypeOrmModule.forFeature([Person, Archive])],
    upload: {
      cleanup: false,
      owners: { person: Person, archive: { entity: Archive, keep: true } },
    },
  });
  uploads = host.uploads;
});
afterAll(() => host.close());
afterEach(async () => {
  for (const { id } of await uploads.find()) await uploads.remove(id);
});

async function person(): Promise<string> {
  const { id } = await host.dataSource.manager.save(new Person());
  return String(id);
}

const begin = (ownerId: string, ownerType = 'person') =>
  uploads.begin({ body: first, total: 300, fields: { filename: 'a', ownerType, ownerId } });

async function complete(ownerId: string): Promise<ChunkedUpload> {
  const fields = { filename: 'a', ownerType: 'person', ownerId };
  return (await uploads.uploadWhole({ body: file, checksum: md5(file), fields })).upload;
}

const forget = (id: string) => host.dataSource.query('DELETE FROM person WHERE id = $1', [id]);
const ids = async () => (await uploads.find()).map(({ id }) => id).toSorted();

describe('removeExpired finds uploads whose owner was removed without TypeORM', () => {
  it('complete or not, with their bytes, and no others', async () => {
    const [gone, there] = [await person(), await person()];
    await begin(gone);
    await complete(gone);
    const ownerless = await uploads.begin({ body: first, fields: { filename: 'a' } });
    const kept = [ownerless, await begin(there), await complete(there)].map(({ id }) => id);
    expect(await uploads.removeExpired()).toEqual(NOTHING);
    await forget(gone);
    const reasons: string[] = [];
    const report = ({ reason }: Removal<ChunkedUpload>) => void reasons.push(reason);
    expect(await uploads.removeExpired({ report })).toEqual({
      ...NOTHING,
      removed: 2,
      bytes: 400,
    });
    expect(reasons).toEqual(['ownerless', 'ownerless']);
    expect(await ids()).toEqual(kept.toSorted());
    expect(await storedFiles(host.root)).toHaveLength(3);
    expect(await uploads.removeExpired()).toEqual(NOTHING);
  });

  it('among many that are well, of which no statement looks at all', async () => {
    const [gone, there] = [await person(), await person()];
    const template = await complete(there);
    const copies = `INSERT INTO chunked_upload (id, filename, key, final_key, "offset", total, status,
        created_at, completed_at, owner_type, owner_id)
      SELECT gen_random_uuid(), filename, key, final_key, "offset", total, status,
        created_at, completed_at, owner_type, $2
      FROM chunked_upload, generate_series(1, $3::int) WHERE id = $1`;
    await host.dataSource.query(copies, [template.id, there, 25_000]);
    await host.dataSource.query(copies, [template.id, gone, 7]);
    await forget(gone);
    const found: string[] = [];
    const report = ({ upload }: Removal<ChunkedUpload>) => void found.push(upload.ownerId ?? '');
    for (const batchSize of [3, 100]) {
      found.length = 0;
      await uploads.removeExpired({ report, batchSize, dryRun: true });
      expect(found).toEqual(Array.from({ length: 7 }, () => gone));
    }
    const unfinished = await begin(there);
    expect((await uploads.removeExpired({ unfinished: true, dryRun: true })).removed).toBe(8);
    for (const { id } of [unfinished, template]) await uploads.remove(id);
    await host.dataSource.query('DELETE FROM chunked_upload');
  });

  it('but not where uploads outlive their owner', async () => {
    await host.dataSource.manager.insert(Archive, { id: 'a' });
    const { id } = await begin('a', 'archive');
    await host.dataSource.manager.delete(Archive, 'a');
    expect(await uploads.removeExpired()).toEqual(NOTHING);
    expect(await ids()).toEqual([id]);
  });

  it('but not one that is being written', async () => {
    const owner = await person();
    const { id, key } = await begin(owner);
    const body = new HeldBody(file.subarray(100, 200), file.subarray(200));
    const appending = uploads.append(id, { body, offset: 100 });
    // Not as soon as it has the lease: only after that it is asked whether its owner is there.
    await until('its bytes', async () => (await stat(join(host.root, key))).size === 200);
    await forget(owner);
    expect(await uploads.removeExpired()).toEqual(NOTHING);
    body.release();
    expect((await appending).offset).toBe(300);
    expect(await uploads.removeExpired()).toMatchObject({ removed: 1, bytes: 300 });
  });

  it('but not one that was given to somebody else between the look and the claim', async () => {
    const [gone, heir] = [await person(), await person()];
    const { id } = await complete(gone);
    await forget(gone);
    const confirm = async () => {
      await uploads.assignOwner(id, { type: 'person', id: heir });
      return true;
    };
    expect(await uploads.removeExpired({ confirm })).toEqual(NOTHING);
    expect((await uploads.findOne(id)).status).toBe(ChunkedUploadStatus.Complete);
    expect(await storedFiles(host.root)).toHaveLength(1);
  });

  it('and counts each once, in dry runs and with unfinished', async () => {
    const gone = await person();
    const { id } = await begin(gone);
    await begin(gone);
    await complete(gone);
    await forget(gone);
    await host.dataSource.query('UPDATE chunked_upload SET expires_at = now() WHERE id = $1', [id]);
    for (const unfinished of [false, true]) {
      const result = await uploads.removeExpired({ unfinished, dryRun: true });
      expect(result).toMatchObject({ removed: 3, bytes: 500 });
    }
    expect(await uploads.removeExpired({ unfinished: true })).toMatchObject({ removed: 3 });
    expect(await ids()).toEqual([]);
  });

  it('and keeps their records on request, once', async () => {
    const gone = await person();
    const { id } = await complete(gone);
    await forget(gone);
    expect(await uploads.removeExpired({ keepRecord: true })).toMatchObject({ removed: 1 });
    expect(await uploads.findOne(id)).toMatchObject({ status: Aborted, ownerId: gone });
    expect(await storedFiles(host.root)).toEqual([]);
    expect(await uploads.removeExpired()).toEqual(NOTHING);
  });
});
