import { ChunkedUploadStatus } from 'nestjs-chunked-upload';
import { afterAll, beforeAll, beforeEach, expect, it } from 'vitest';
import { type TestDatabase, createDatabase, executeOn } from '../support/database.js';
import { type Host, startHost } from '../support/host.js';
import { md5, sample } from '../support/upload-client.js';
import { Person, Team } from './owners.entities.js';

// A database that may forget in a crash what it has answered. A trigger notes for each statement that
// changes a row whether its transaction will wait for the disk.

let database: TestDatabase;
let host: Host;
let person: Person;
const file = sample(300);
const fields = { filename: 'a.bin' };

beforeAll(async () => {
  database = await createDatabase();
  const name = new URL(database.url).pathname.slice(1);
  await executeOn(database.url, `ALTER DATABASE ${name} SET synchronous_commit = off`);
  const owners = { person: { entity: Person, canAttach: () => true } };
  host = await startHost({
    upload: { owners, cleanup: false },
    database: { url: database.url, entities: [Person, Team] },
  });
  await executeOn(
    database.url,
    `CREATE TABLE note (change text NOT NULL, synchronous text NOT NULL);
     CREATE FUNCTION take_note() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN
       -- A lease that is prolonged may be forgotten.
       IF TG_OP = 'UPDATE' THEN
         IF to_jsonb(NEW) - 'lease_until' = to_jsonb(OLD) - 'lease_until' THEN RETURN NULL; END IF;
       END IF;
       INSERT INTO note VALUES (TG_OP || COALESCE(' ' || NEW.status, ''),
         current_setting('synchronous_commit'));
       RETURN NULL;
     END $$;
     CREATE TRIGGER take_note AFTER INSERT OR UPDATE OR DELETE ON chunked_upload
       FOR EACH ROW EXECUTE FUNCTION take_note()`,
  );
});
afterAll(async () => {
  await host.close();
  await database.drop();
});

beforeEach(async () => {
  person = await host.dataSource.manager.save(Object.assign(new Person(), { name: 'Ann' }));
  await host.dataSource.query('DELETE FROM note');
});

const begun = async (owner: object = {}) =>
  host.uploads.begin({ body: file, total: 300, fields: { ...fields, ...owner } });

const owned = () => ({ ownerType: 'person', ownerId: String(person.id) });

/** Changes of that kind, and whether they wait for the disk. */
async function notes(change: string): Promise<string[]> {
  const rows = await host.dataSource.query<{ synchronous: string }[]>(
    'SELECT synchronous FROM note WHERE change = $1',
    [change],
  );
  return rows.map(({ synchronous }) => synchronous);
}

const { Incomplete, Complete, Aborted } = ChunkedUploadStatus;

it('flushes new rows', async () => {
  await begun();
  await begun(owned());
  expect(await notes(`INSERT ${Incomplete}`)).toEqual(['on', 'on']);
  const whole = { body: file, checksum: md5(file) };
  await host.uploads.uploadWhole({ ...whole, fields });
  await host.uploads.uploadWhole({ ...whole, fields: { ...fields, ...owned() } });
  expect(await notes(`INSERT ${Complete}`)).toEqual(['on', 'on']);
});

it('flushes removals, after which the bytes are gone', async () => {
  const { id } = await begun();
  await host.uploads.remove(id);
  await begun(owned());
  await host.dataSource.manager.remove(person);
  expect(await notes('DELETE')).toEqual(['on', 'on']);
});

it('flushes leases, chunks, totals and completions', async () => {
  const { id } = await host.uploads.begin({ body: file.subarray(0, 100), fields });
  await host.uploads.append(id, { body: file.subarray(100), offset: 100 });
  await host.uploads.complete(id, { checksum: md5(file) });
  // Two leases, the chunk, and the total that the completion says.
  expect(await notes(`UPDATE ${Incomplete}`)).toEqual(['on', 'on', 'on', 'on']);
  expect(await notes(`UPDATE ${Complete}`)).toEqual(['on']);
});

it('flushes the end of an upload before its bytes go', async () => {
  const { id } = await begun();
  await host.uploads.abort(id);
  const [first] = await notes(`UPDATE ${Aborted}`);
  expect(first).toBe('on');
});

it('flushes what the clean-up takes for itself', async () => {
  const { id } = await begun();
  await host.dataSource.query('UPDATE chunked_upload SET expires_at = now() WHERE id = $1', [id]);
  await host.dataSource.query('DELETE FROM note');
  await host.uploads.removeExpired();
  expect(await notes(`UPDATE ${Aborted}`)).toEqual(['on']);
});

it('flushes who owns an upload', async () => {
  const { id } = await begun();
  await host.dataSource.query('DELETE FROM note');
  await host.uploads.assignOwner(id, person);
  await host.uploads.assignOwner(id, null);
  expect(await notes(`UPDATE ${Incomplete}`)).toEqual(['on', 'on']);
});

it("leaves the host's own transactions as they are", async () => {
  const { id } = await begun();
  await host.dataSource.query('DELETE FROM note');
  await host.dataSource.query("UPDATE chunked_upload SET filename = 'b' WHERE id = $1", [id]);
  expect(await notes(`UPDATE ${Incomplete}`)).toEqual(['off']);
});
