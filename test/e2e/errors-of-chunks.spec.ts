import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type Host, startHost } from '../support/host.js';
import { Refusals } from '../support/refusals.js';
import { RawConnection } from '../support/raw-connection.js';
import { UploadClient, md5, sample } from '../support/upload-client.js';
import { until } from '../support/waiting.js';

// The rows of the contract's error table about a chunk. A full storage, and one that is away:
// storage-failures.spec.ts.

let host: Host;
let ann: UploadClient;
let refusal: Refusals;
const file = sample(300);
const first = file.subarray(0, 100);
const second = file.subarray(100, 200);
const sum = md5(file);

beforeAll(async () => {
  host = await startHost({ upload: { maxBytes: 1000, minBytes: 10 } });
  ann = new UploadClient(`${host.url}/uploads`);
  refusal = new Refusals(host, ann);
});
afterAll(() => host.close());

const exceeds = (total: number) => ({
  detail:
    `End of chunk exceeds reported total (${total} bytes)` +
    (total > 0 ? `: the last byte of such a file is ${total - 1}` : ''),
});
const differs = (actual: number) => ({
  detail: `File size doesn't match headers: file size is ${actual} but 100 reported`,
});

describe('400 End of chunk exceeds reported total', () => {
  it('for a first chunk and a next one', async () => {
    await refusal.ofNew(() => ann.put('bytes 0-99/99', first), 400, exceeds(99));
    await refusal.ofNew(() => ann.put('bytes 0-99/0', first), 400, exceeds(0));
    const { id } = await ann.begin(first, 150);
    await refusal.of(id, () => ann.put('bytes 100-199/150', second, { id }), 400, exceeds(150));
  });

  it('for the total that an earlier chunk has said', async () => {
    const { id } = await ann.begin(first, 150);
    const body = exceeds(150);
    await refusal.of(id, () => ann.put('bytes 100-199/*', second, { id }), 400, body);
  });
});

describe('400 Size of file exceeds the limit', () => {
  const body = { detail: 'Size of file exceeds the limit (1000 bytes)' };

  it('for the announced total', async () => {
    await refusal.ofNew(() => ann.put('bytes 0-99/1001', first), 400, body);
    expect((await ann.begin(first, 1000)).total).toBe(1000);
  });

  it('for the real size where none was announced', async () => {
    const { id } = await ann.begin(sample(950), '*');
    await refusal.of(id, () => ann.put('bytes 950-1049/*', first, { id }), 400, body);
    await refusal.of(id, () => ann.put('bytes 950-1049/1050', first, { id }), 400, body);
    const answer = await ann.put('bytes 950-999/*', first.subarray(0, 50), { id });
    expect(answer).toMatchObject({ status: 200, body: { offset: 1000 } });
  });

  it('before the upload is looked for', async () => {
    const id = crypto.randomUUID();
    expect(await ann.put('bytes 0-99/1001', first, { id })).toMatchObject({ status: 400, body });
  });
});

describe("400 File size doesn't match headers", () => {
  it('for a shorter body', async () => {
    const short = first.subarray(0, 90);
    await refusal.ofNew(() => ann.put('bytes 0-99/300', short), 400, differs(90));
    await refusal.ofNew(() => ann.put('bytes 0-99/300', short, { form: {} }), 400, differs(90));
    const { id } = await ann.begin(first, 300);
    const next = second.subarray(0, 90);
    await refusal.of(id, () => ann.put('bytes 100-199/300', next, { id }), 400, differs(90));
    await refusal.of(
      id,
      () => ann.put('bytes 100-199/300', next, { id, form: {} }),
      400,
      differs(90),
    );
  });

  it('for a longer body', async () => {
    const long = file.subarray(0, 110);
    await refusal.ofNew(() => ann.put('bytes 0-99/300', long), 400, differs(110));
    await refusal.ofNew(() => ann.put('bytes 0-99/300', long, { form: {} }), 400, differs(110));
    const { id } = await ann.begin(first, 300);
    const next = file.subarray(100, 210);
    await refusal.of(id, () => ann.put('bytes 100-199/300', next, { id }), 400, differs(110));
    await refusal.of(
      id,
      () => ann.put('bytes 100-199/300', next, { id, form: {} }),
      400,
      differs(110),
    );
  });

  it('leaves the upload to be continued', async () => {
    const { id } = await ann.begin(first, 300);
    await ann.put('bytes 100-299/300', sample(100, 9), { id, form: {} });
    await ann.put('bytes 100-299/300', file.subarray(100), { id });
    expect((await ann.complete(id, sum)).status).toBe(200);
  });
});

describe('400 Offsets do not match', () => {
  it('for a chunk before, beyond or again; with where to go on', async () => {
    const { id } = await ann.begin(first, 300);
    for (const start of [0, 99, 101, 150]) {
      const range = `bytes ${start}-${start + 99}/300`;
      const body = {
        detail: 'Offsets do not match',
        offset: 100,
        expected_offset: 100,
        provided_offset: start,
      };
      await refusal.of(id, () => ann.put(range, second, { id }), 400, body);
      await refusal.of(id, () => ann.put(range, second, { id, form: {} }), 400, body);
    }
  });

  it('for a first chunk that does not start at 0', async () => {
    const body = {
      detail: 'Offsets do not match',
      offset: 0,
      expected_offset: 0,
      provided_offset: 100,
    };
    await refusal.ofNew(() => ann.put('bytes 100-199/300', second), 400, body);
    await refusal.ofNew(() => ann.put('bytes 100-199/300', second, { form: {} }), 400, body);
  });
});

describe('400 for a total that differs', () => {
  it('from what earlier chunks said, with both', async () => {
    const { id } = await ann.begin(first, 300);
    const body = {
      detail: 'Total does not match: 300 bytes were reported before, 400 now',
      expected_total: 300,
      provided_total: 400,
    };
    await refusal.of(id, () => ann.put('bytes 100-199/400', second, { id }), 400, body);
  });

  it('before an offset that differs', async () => {
    const { id } = await ann.begin(first, 300);
    const answer = await ann.put('bytes 0-99/400', first, { id });
    expect(answer.body).toMatchObject({ expected_total: 300, provided_total: 400 });
  });

  it('also in the completing request', async () => {
    const { id } = await ann.begin(file, 300);
    const answer = await ann.postForm({ md5: sum, total: '299' }, { id });
    expect(answer).toMatchObject({
      status: 400,
      body: { expected_total: 300, provided_total: 299 },
    });
    expect((await ann.get(id)).upload.status).toBe(1);
  });
});

describe('400 The submitted file is empty.', () => {
  const body = { detail: { file: ['The submitted file is empty.'] } };
  const nothing = Buffer.alloc(0);

  it('for a first chunk and a next one', async () => {
    await refusal.ofNew(() => ann.put('bytes 0-99/300', nothing), 400, body);
    await refusal.ofNew(() => ann.put('bytes 0-99/300', nothing, { form: {} }), 400, body);
    const { id } = await ann.begin(first, 300);
    await refusal.of(id, () => ann.put('bytes 100-199/300', nothing, { id }), 400, body);
    await refusal.of(id, () => ann.put('bytes 100-199/300', nothing, { id, form: {} }), 400, body);
  });

  it('for a whole file where the minimum is above zero', async () => {
    await refusal.ofNew(() => ann.whole(nothing, { query: { md5: md5(nothing) } }), 400, body);
  });
});

describe('423 Another request is writing this upload', () => {
  it('with Retry-After, while bytes still come', async () => {
    const { id } = await ann.begin(first, 300);
    const headers = { 'content-range': 'bytes 100-299/300', 'content-length': 200 };
    const writer = await RawConnection.put(host.url, headers, `/uploads/${id}`);
    let sent = 100;
    const drip = setInterval(() => {
      void writer.write(file.subarray(sent, sent + 1));
      sent += 1;
    }, 50);
    try {
      const leased = 'SELECT 1 FROM chunked_upload WHERE id = $1 AND lease_until > now()';
      await until('a writer', async () => (await host.dataSource.query(leased, [id])).length > 0);
      const answer = await ann.put('bytes 100-299/300', file.subarray(100), { id });
      expect(answer).toMatchObject({
        status: 423,
        body: { detail: 'Another request is writing this upload' },
      });
      expect(answer.headers.get('retry-after')).toMatch(/^[1-9]\d*$/);
      expect((await ann.complete(id, sum)).status).toBe(423);
    } finally {
      clearInterval(drip);
    }
    await writer.write(file.subarray(sent));
    expect(await writer.answer()).toMatchObject({ status: 200, json: { offset: 300 } });
    writer.destroy();
    expect((await ann.complete(id, sum)).status).toBe(200);
  });
});

describe('What is final about an upload is said though a writer still sends', () => {
  it.each([
    [
      'expired',
      `UPDATE chunked_upload SET expires_at = now() - interval '1 minute' WHERE id = $1`,
      410,
      'Upload has expired',
    ],
    ['aborted', `UPDATE chunked_upload SET status = 3 WHERE id = $1`, 410, 'been aborted'],
    [
      'complete',
      `UPDATE chunked_upload SET status = 2 WHERE id = $1`,
      400,
      'Upload has already been marked as "complete"',
    ],
    ['removed', `DELETE FROM chunked_upload WHERE id = $1`, 404, 'Not found.'],
  ])('%s', async (_, change, status, words) => {
    const { id } = await ann.begin(first, 300);
    const headers = { 'content-range': 'bytes 100-299/300', 'content-length': 200 };
    const writer = await RawConnection.put(host.url, headers, `/uploads/${id}`);
    const drip = setInterval(() => {
      writer.write(Buffer.from('x')).catch(() => undefined);
    }, 50);
    try {
      const leased = 'SELECT 1 FROM chunked_upload WHERE id = $1 AND lease_until > now()';
      await until('a writer', async () => (await host.dataSource.query(leased, [id])).length > 0);
      await host.dataSource.query(change, [id]);
      const detail = expect.stringContaining(words) as string;
      const [chunk, completion] = await Promise.all([
        ann.put('bytes 100-299/300', file.subarray(100), { id }),
        ann.complete(id, sum),
      ]);
      expect(chunk).toMatchObject({ status, detail });
      // Of a complete one it asks for the answer again, which this one's row does not have.
      if (status !== 400) expect(completion).toMatchObject({ status, detail });
    } finally {
      clearInterval(drip);
      writer.destroy();
    }
  });
});

describe('A wrong digest of a chunk is a 400, and the offset stays', () => {
  const wrong = Buffer.alloc(16).toString('base64');

  it.each([
    ['content-md5', wrong, 'Content-MD5 does not match the chunk'],
    ['content-digest', `md5=:${wrong}:`, 'Content-Digest does not match the chunk'],
    ['content-digest', `sha-256=:${wrong}:`, 'Content-Digest does not match the chunk'],
    [
      'content-digest',
      'sha-256=nonsense',
      expect.stringMatching(/^Content-Digest is not well-formed/),
    ],
  ])('%s: %s', async (name, value, detail) => {
    const { id } = await ann.begin(first, 300);
    const headers = { [name]: value };
    await refusal.of(id, () => ann.put('bytes 100-199/300', second, { id, headers }), 400, {
      detail,
    });
    await refusal.ofNew(() => ann.put('bytes 0-99/300', first, { headers }), 400, { detail });
  });
});
