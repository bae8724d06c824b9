import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type Host, startHost } from '../support/host.js';
import { Refusals } from '../support/refusals.js';
import { UploadClient, md5, sample } from '../support/upload-client.js';

// The rows of the contract's error table about completing.

let host: Host;
let ann: UploadClient;
let refusal: Refusals;
const file = sample(300);
const first = file.subarray(0, 100);
const sum = md5(file);

beforeAll(async () => {
  host = await startHost({ upload: { maxBytes: 1000, minBytes: 10 } });
  ann = new UploadClient(`${host.url}/uploads`);
  refusal = new Refusals(host, ann);
});
afterAll(() => host.close());

describe('400 for completing before all bytes are there', () => {
  it('says how many are', async () => {
    const { id } = await ann.begin(first, 300);
    const body = {
      detail: 'Upload is not complete: 100 of 300 bytes have been received',
      offset: 100,
      total: 300,
    };
    await refusal.of(id, () => ann.complete(id, md5(first)), 400, body);
  });
});

describe("400 Both 'id' and 'md5' are required", () => {
  const body = {
    detail: expect.stringMatching(/^Both 'id' and 'md5' are required: md5 is missing/),
  };

  it.each<Record<string, string>>([{}, { md5: '' }, { sum: 'x' }])(
    'for the fields %j',
    async (fields) => {
      const { id } = await ann.begin(file, 300);
      await refusal.of(id, () => ann.postForm(fields, { id }), 400, body);
      await refusal.of(id, () => ann.postJson(fields, { id }), 400, body);
      await refusal.of(id, () => ann.postForm({ ...fields, upload_id: id }), 400, body);
    },
  );

  it('also once it is complete', async () => {
    const { id } = await ann.file(file);
    await refusal.of(id, () => ann.postForm({}, { id }), 400, body);
  });
});

describe('400 md5 checksum does not match', () => {
  it.each(['0', 'f'.repeat(32), `${sum}0`, 'nonsense', '\0'])('for %j', async (wrong) => {
    const { id } = await ann.begin(file, 300);
    const body = { detail: 'md5 checksum does not match' };
    await refusal.of(id, () => ann.complete(id, wrong), 400, body);
    expect((await ann.complete(id, sum)).status).toBe(200);
    await refusal.of(id, () => ann.complete(id, wrong), 400, body);
  });
});

describe('400 Upload has already been marked as "complete"', () => {
  it('for a chunk after completion, whatever it is', async () => {
    const { id } = await ann.file(file);
    const body = { detail: 'Upload has already been marked as "complete"' };
    for (const range of ['bytes 0-99/300', 'bytes 300-399/400', 'bytes 300-399/*']) {
      await refusal.of(id, () => ann.put(range, first, { id }), 400, body);
    }
  });
});

describe('400 for a file below the minimum', () => {
  const detail = { file: ['The file is too small: 5 bytes, at least 10 are required.'] };

  it('of an announced total, of a whole file, and of an unknown total in the end', async () => {
    const small = file.subarray(0, 5);
    await refusal.ofNew(() => ann.put('bytes 0-4/5', small), 400, { detail });
    await refusal.ofNew(() => ann.whole(small, { query: { md5: md5(small) } }), 400, {
      detail,
    });
    const { id } = await ann.begin(small, '*');
    await refusal.of(id, () => ann.complete(id, md5(small)), 400, { detail });
  });
});
