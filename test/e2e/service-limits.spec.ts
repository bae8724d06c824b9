import { Readable } from 'node:stream';
import { ChunkedUploadError, type ChunkedUploadErrorCode } from 'nestjs-chunked-upload';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type Host, startHost } from '../support/host.js';

let host: Host;
beforeAll(async () => {
  host = await startHost({ upload: { maxBytes: 100 } });
});
afterAll(() => host.close());

/** A body that does not say how long it is. */
const stream = (length: number): Readable => Readable.from([Buffer.alloc(length, 'x')]);
const fields = { filename: 'a' };

async function refused(promise: Promise<unknown>, code: ChunkedUploadErrorCode): Promise<void> {
  const error: unknown = await promise.then(
    () => null,
    (reason: unknown) => reason,
  );
  expect(error).toBeInstanceOf(ChunkedUploadError);
  expect((error as ChunkedUploadError).code).toBe(code);
}

describe('without a length, the service stops a body', () => {
  it('that begins an upload beyond the limit', async () => {
    await refused(host.uploads.begin({ body: stream(101), fields }), 'too_large');
    expect(await host.uploads.find()).toEqual([]);
  });

  it('that begins an upload beyond its total', async () => {
    const begin = host.uploads.begin({ body: stream(7), total: 6, fields });
    await refused(begin, 'end_exceeds_total');
  });

  it('that goes on beyond the limit, and commits nothing of it', async () => {
    const { id } = await host.uploads.begin({ body: stream(90), fields });
    const append = host.uploads.append(id, { body: stream(11), offset: 90 });
    await refused(append, 'too_large');
    expect(await host.uploads.findOne(id)).toMatchObject({ offset: 90 });
    await host.uploads.append(id, { body: stream(10), offset: 90 });
  });

  it.each([{ total: 6 }, {}])(
    'that goes on beyond the total, given again or not: %j',
    async (again) => {
      const { id } = await host.uploads.begin({ body: stream(3), total: 6, fields });
      const append = host.uploads.append(id, { body: stream(7), offset: 3, ...again });
      await refused(append, 'end_exceeds_total');
      expect(await host.uploads.findOne(id)).toMatchObject({ offset: 3, total: 6 });
    },
  );
});

it.each([
  { offset: Number.NaN },
  { offset: 0.5 },
  { offset: -1 },
  { offset: 3, total: 6.5 },
  { offset: 3, total: -1 },
])('refuses sizes that are none: %j', async (sizes) => {
  const { id } = await host.uploads.begin({ body: stream(3), fields });
  await refused(host.uploads.append(id, { body: stream(1), ...sizes }), 'malformed_request');
});

it('takes a stream of strings', async () => {
  const upload = await host.uploads.begin({ body: Readable.from(['ä', 'bc']), fields });
  expect(upload.offset).toBe(4);
});
