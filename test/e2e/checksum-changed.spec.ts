import { createHash } from 'node:crypto';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type Host, startBeside, startHost } from '../support/host.js';
import { UploadClient, md5, sample } from '../support/upload-client.js';

// The option `checksum` is changed while uploads are under way: one application before, one after.

const MIB = 1024 * 1024;
const SMALL = 300 * 1024;
/** As much as is read back. */
const MOST = 8 * MIB;
const LOST = 'The checksum of what has arrived so far is lost: begin the upload anew';

const small = sample(SMALL);
const large = sample(MOST + 100);

let before: Host;
let after: Host;
let old: UploadClient;
let ann: UploadClient;

beforeAll(async () => {
  before = await startHost();
  after = await startBeside(before, { upload: { checksum: 'sha256' } });
  old = new UploadClient(`${before.url}/uploads`);
  ann = new UploadClient(`${after.url}/uploads`);
});
afterAll(async () => {
  await after?.close();
  await before?.close();
});

const sha256 = (bytes: Uint8Array) => createHash('sha256').update(bytes).digest('hex');

const complete = async (id: string, sum: string) => ann.postForm({ sha256: sum }, { id });

const putRest = async (client: UploadClient, id: string, bytes: Buffer, start: number) =>
  client.put(`bytes ${start}-${bytes.length - 1}/${bytes.length}`, bytes.subarray(start), { id });

/** Refuses wrong sums and takes the right one, whose bytes are the file's. */
async function expectCompletes(id: string, bytes: Buffer): Promise<void> {
  const mismatch = { status: 400, detail: 'sha256 checksum does not match' };
  expect(await complete(id, sha256(bytes.subarray(1)))).toMatchObject(mismatch);
  expect(await complete(id, md5(bytes))).toMatchObject(mismatch);
  const none = await ann.complete(id, md5(bytes));
  expect(none.status).toBe(400);
  expect(none.detail).toMatch(/^Both 'id' and 'sha256' are required/);
  expect((await ann.get(id)).upload).toMatchObject({ offset: bytes.length, status: 1 });
  expect(await complete(id, sha256(bytes))).toMatchObject({ status: 200, upload: { status: 2 } });
  expect((await after.uploads.findOne(id)).checksum).toBe(sha256(bytes));
  expect((await ann.download(id)).bytes.equals(bytes)).toBe(true);
}

describe('After a change of the algorithm', () => {
  it('an upload that has begun goes on, and is compared by the new one', async () => {
    const { id } = await old.begin(small.subarray(0, SMALL / 2), SMALL);
    const next = { status: 200, upload: { offset: SMALL } };
    expect(await putRest(ann, id, small, SMALL / 2)).toMatchObject(next);
    await expectCompletes(id, small);
  });

  it('one of which all bytes are there is completed by the new one', async () => {
    const { id } = await old.begin(small, SMALL);
    await expectCompletes(id, small);
  });

  it('as much as 8 MiB is read back', async () => {
    const { id } = await old.begin(large.subarray(0, MOST), large.length);
    expect(await putRest(ann, id, large, MOST)).toMatchObject({ status: 200 });
    await expectCompletes(id, large);
  });

  it('of more than that each chunk and the completion are a 410, and nothing of it is lost', async () => {
    const { id } = await old.begin(large.subarray(0, MOST + 1), large.length);
    const gone = { status: 410, detail: LOST };
    expect(await putRest(ann, id, large, MOST + 1)).toMatchObject(gone);
    expect((await ann.get(id)).upload).toMatchObject({ offset: MOST + 1, status: 1 });
    const { id: whole } = await old.begin(large, large.length);
    expect(await complete(whole, sha256(large))).toMatchObject(gone);
    // Where the option is changed back they go on.
    expect(await putRest(old, id, large, MOST + 1)).toMatchObject({ status: 200 });
    for (const each of [id, whole]) {
      expect((await old.complete(each, md5(large))).status).toBe(200);
      expect((await old.download(each)).bytes.equals(large)).toBe(true);
    }
  });
});
