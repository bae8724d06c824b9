import { randomBytes } from 'node:crypto';
import { setTimeout as sleep } from 'node:timers/promises';
import { LocalDiskStorage, type Removal, type StoredFile } from 'nestjs-chunked-upload';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type Host, startBeside, startHost } from '../support/host.js';
import { RawConnection } from '../support/raw-connection.js';
import { rounds } from '../support/rounds.js';
import { storedFiles } from '../support/stored-files.js';
import { UploadClient, md5 } from '../support/upload-client.js';
import { between, until } from '../support/waiting.js';

const ROUNDS = rounds(1000);
const EXPIRED = 6;
const GONE = [404, 410];

/** Keeps a list of what was removed. */
class ListingStorage extends LocalDiskStorage {
  readonly removed: string[] = [];

  override async remove(file: StoredFile): Promise<void> {
    this.removed.push(file.key);
    return super.remove(file);
  }
}

interface Sent {
  readonly id: string;
  readonly bytes: Buffer;
}

describe('two cleaners at once', () => {
  /** Of the database and the folder. */
  let owner: Host;
  let hosts: [Host, Host];
  let storages: [ListingStorage, ListingStorage];
  const outcomes = { completed: 0, cleaned: 0 };
  const complete: Sent[] = [];
  const live: { id: string; bytes: Buffer; offset: number }[] = [];

  beforeAll(async () => {
    const upload = { cleanup: false } as const;
    owner = await startHost({ upload });
    const options = { root: owner.root, fsync: false };
    storages = [new ListingStorage(options), new ListingStorage(options)];
    const [left, right] = storages;
    hosts = [
      await startBeside(owner, { upload: { ...upload, storage: left } }),
      await startBeside(owner, { upload: { ...upload, storage: right } }),
    ];
  });

  afterAll(async () => {
    await Promise.all(hosts.map((host) => host.close()));
    await owner.close();
  });

  const client = (round: number) =>
    new UploadClient(`${hosts[round % 2 === 0 ? 0 : 1].url}/uploads`);

  async function expire(...ids: string[]): Promise<void> {
    const sql = 'UPDATE chunked_upload SET expires_at = now() WHERE id = ANY($1)';
    await hosts[0].dataSource.query(sql, [ids]);
  }

  /** Both at once, in batches so small that they meet. */
  async function clean(): Promise<string[]> {
    const removed: string[] = [];
    const report = ({ upload, failure }: Removal): void => {
      expect(failure).toBeNull();
      removed.push(upload.id);
    };
    await Promise.all(
      hosts.map(async ({ uploads }) => {
        await sleep(between(0, 4));
        await uploads.removeExpired({ batchSize: between(1, 4), report });
      }),
    );
    return removed;
  }

  async function begin(round: number, size: number, total = size): Promise<Sent> {
    const bytes = randomBytes(total);
    const { id } = await client(round).begin(bytes.subarray(0, size), total);
    return { id, bytes };
  }

  /** Expires while its second chunk arrives, which the clean-up must leave alone. */
  async function writeThroughExpiry(round: number, cleaning: Promise<unknown>): Promise<string> {
    const { id, bytes } = await begin(round, 100, 300);
    const headers = { 'content-range': 'bytes 100-299/300', 'content-length': 200 };
    const writer = await RawConnection.put(client(round).url, headers, `/uploads/${id}`);
    await writer.write(bytes.subarray(100, 200));
    const leased = 'SELECT 1 FROM chunked_upload WHERE id = $1 AND lease_until > now()';
    await until(
      'a writer',
      async () => (await hosts[0].dataSource.query(leased, [id])).length === 1,
      { everyMs: 1 },
    );
    await expire(id);
    await Promise.all([cleaning, clean()]);
    expect(await client(round + 1).offset(id)).toBe(100);
    await writer.write(bytes.subarray(200));
    expect(await writer.answer()).toMatchObject({ status: 200, json: { offset: 300 } });
    writer.destroy();
    return id;
  }

  /** Either the completion wins, or the clean-up: never half of each. */
  async function completeInTime(round: number): Promise<void> {
    const { id, bytes } = await begin(round, 200);
    const completing = sleep(between(0, 3)).then(() => client(round).complete(id, md5(bytes)));
    await sleep(between(0, 3));
    await expire(id);
    const [answer] = await Promise.all([completing, clean()]);
    if (answer.status === 200) complete.push({ id, bytes });
    else expect([...GONE, 423]).toContain(answer.status);
    outcomes[answer.status === 200 ? 'completed' : 'cleaned'] += 1;
  }

  async function appendLive(round: number): Promise<void> {
    if (live.length < 5) {
      const { id, bytes } = await begin(round, 100, 100 + 20 * ROUNDS);
      live.push({ id, bytes, offset: 100 });
    }
    const upload = live[round % live.length];
    if (!upload) return;
    const { id, bytes, offset } = upload;
    const end = offset + between(1, 20);
    const range = `bytes ${offset}-${end - 1}/${bytes.length}`;
    const answer = await client(round).put(range, bytes.subarray(offset, end), { id });
    expect(answer).toMatchObject({ status: 200, body: { offset: end } });
    upload.offset = end;
  }

  it(`remove each expired upload once and no other, ${ROUNDS} rounds`, async () => {
    for (let round = 0; round < ROUNDS; round += 1) {
      const expired = await Promise.all(Array.from({ length: EXPIRED }, () => begin(round, 50)));
      const ids = expired.map(({ id }) => id);
      await expire(...ids);
      for (const storage of storages) storage.removed.length = 0;
      const cleaning = clean();
      const [removed, written] = await Promise.all([
        cleaning,
        writeThroughExpiry(round, cleaning),
        completeInTime(round),
        appendLive(round),
      ]);
      await clean();

      // Nobody did twice what somebody had done.
      const keys = storages.flatMap((storage) => storage.removed);
      expect(new Set(keys).size, `round ${round}: ${keys.join()}`).toBe(keys.length);
      expect(new Set(removed).size).toBe(removed.length);
      for (const id of [...ids, written]) {
        expect(
          keys.filter((key) => key.includes(id)),
          `round ${round}`,
        ).toHaveLength(1);
        expect((await client(round).get(id)).status).toBe(404);
      }
      const some = complete[between(0, complete.length)];
      if (some) expect((await client(round).download(some.id)).bytes.equals(some.bytes)).toBe(true);
    }

    expect(outcomes.completed).toBeGreaterThan(0);
    expect(outcomes.cleaned).toBeGreaterThan(0);
    for (const { id, bytes } of complete) {
      expect((await client(0).download(id)).bytes.equals(bytes)).toBe(true);
    }
    for (const { id, bytes, offset } of live) {
      expect(await client(0).offset(id)).toBe(offset);
      const range = `bytes ${offset}-${bytes.length - 1}/${bytes.length}`;
      expect((await client(0).put(range, bytes.subarray(offset), { id })).status).toBe(200);
      expect((await client(0).complete(id, md5(bytes))).status).toBe(200);
      expect((await client(0).download(id)).bytes.equals(bytes)).toBe(true);
    }
    expect(await storedFiles(hosts[0].root)).toHaveLength(complete.length + live.length);
    const all = await hosts[0].dataSource.query(
      'SELECT count(*)::int AS "count" FROM chunked_upload',
    );
    expect(all).toEqual([{ count: complete.length + live.length }]);
    for (const { uploads } of hosts) {
      expect(await uploads.reconcile({ grace: 0 })).toMatchObject({ removed: 0, missing: 0 });
    }
  }, 900_000);
});
