import type { Finding } from 'nestjs-chunked-upload';
import { expect } from 'vitest';
import type { Host } from './host.js';
import { UploadClient, md5, sample } from './upload-client.js';

const file = sample(300);
const first = file.subarray(0, 100);
const rest = file.subarray(100);
const sum = md5(file);
const DAY_MS = 86_400_000;

/** What a whole life needs of its host, besides the one upload type of `forRoot`. */
export interface WholeLife {
  readonly host: Host;
  /** The table as SQL calls it, and its columns by their properties. */
  readonly table: string;
  readonly column: (property: string) => string;
  /** Of an owner of the type `person`; left out: uploads without an owner. */
  readonly ownerId?: number;
  /** Path of the admin, whose guard lets `ann` in; left out: none. */
  readonly admin?: string;
}

/**
 * Each kind of statement that there is, once: whatever the names of columns and the settings of the
 * database are, all must answer what they answer with the usual ones.
 */
export async function liveWholeLife({ host, table, column, ownerId, admin }: WholeLife) {
  const ann = new UploadClient(`${host.url}/uploads`);
  const owner: Record<string, string> =
    ownerId === undefined ? {} : { owner_type: 'person', owner_id: String(ownerId) };
  const options = { query: { filename: 'a.bin', ...owner } };

  const begun = await ann.begin(first, 300, options);
  expect(Math.abs(Date.parse(begun.created_at) - Date.now())).toBeLessThan(60_000);
  expect(Date.parse(String(begun.expires_at)) - Date.parse(begun.created_at)).toBe(DAY_MS);
  const { id } = begun;
  expect((await ann.put('bytes 100-299/300', rest, { id })).upload).toMatchObject({ offset: 300 });
  expect((await ann.get(id)).upload).toEqual({ ...begun, offset: 300 });
  expect((await ann.head(id)).headers.get('upload-offset')).toBe('300');
  expect(await ann.list({ status: '1' })).toMatchObject([{ id }]);
  if (ownerId !== undefined) {
    expect(await ann.list(owner)).toMatchObject([{ id }]);
    expect(await host.uploads.findByOwner('person', ownerId)).toMatchObject([{ id }]);
    await host.uploads.assignOwner(id, null);
    await host.uploads.assignOwner(id, { type: 'person', id: ownerId });
  }
  const { upload, status } = await ann.complete(id, sum);
  expect(status).toBe(200);
  expect(Math.abs(Date.parse(String(upload.completed_at)) - Date.now())).toBeLessThan(60_000);
  expect((await ann.complete(id, sum)).upload).toEqual(upload);
  expect((await ann.download(id)).bytes).toEqual(file);

  const whole = await ann.whole(file, { query: { ...options.query, md5: sum } });
  expect(whole.upload).toMatchObject({ status: 2 });
  const aborted = await ann.begin(first, 300);
  expect((await host.uploads.abort(aborted.id)).status).toBe(3);
  expect((await ann.as('bob').get(id)).status).toBe(404);

  await expectCleaned(host, ann, table, column('expiresAt'));
  const findings: Finding[] = [];
  await host.uploads.reconcile({ report: (finding) => void findings.push(finding) });
  expect(findings).toEqual([]);
  if (admin !== undefined) await expectAdministered(ann, `${host.url}/${admin}`, id);
  for (const each of [id, whole.upload.id, aborted.id]) {
    expect((await ann.delete(each)).status).toBe(204);
  }
  expect(await ann.list()).toEqual([]);
}

/** In pages of one, which go on where the last one ended: by the time, to the microsecond. */
async function expectCleaned(
  host: Host,
  ann: UploadClient,
  table: string,
  expiresAt: string,
): Promise<void> {
  for (let count = 0; count < 4; count += 1) await ann.begin(first, 300);
  await host.dataSource.query(
    `UPDATE ${table} SET ${expiresAt} = now() - random() * interval '1 hour'
     WHERE ${expiresAt} IS NOT NULL`,
  );
  const { removed, failed } = await host.uploads.removeExpired({ batchSize: 1 });
  expect({ removed, failed }).toEqual({ removed: 4, failed: 0 });
}

async function expectAdministered(ann: UploadClient, url: string, id: string): Promise<void> {
  const admin = new UploadClient(`${url}/api/uploads`, ann.user);
  for (const sort of ['created', 'filename', 'size']) {
    const { status, body } = await admin.send('GET', { query: { sort, limit: '1' } });
    expect(status).toBe(200);
    const { next } = body as { next: string };
    const page = await admin.send('GET', { query: { sort, limit: '1', after: next } });
    expect((page.body as { uploads: unknown[] }).uploads).toHaveLength(1);
  }
  const { body } = await admin.send('GET', { id, query: { type: 'uploads' } });
  const { age_seconds, completed_at } = body as { age_seconds: number; completed_at: string };
  expect(age_seconds).toBeLessThan(60);
  expect(Math.abs(Date.parse(completed_at) - Date.now())).toBeLessThan(60_000);
}
