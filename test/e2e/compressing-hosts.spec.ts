import { request } from 'node:http';
import { gzipSync } from 'node:zlib';
import fastifyCompress from '@fastify/compress';
import compression from 'compression';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type Host, startHost } from '../support/host.js';
import { UploadClient, md5 } from '../support/upload-client.js';

const text = Buffer.from(Array.from({ length: 4000 }, (_, at) => `line ${at}\n`).join(''));

/** As it came over the wire: `fetch` would undo a coding. */
function get(url: string, headers: Record<string, string>) {
  return new Promise<{ status: number; headers: NodeJS.Dict<unknown>; bytes: Buffer }>(
    (resolve, reject) => {
      const coded = { 'x-user': 'ann', 'accept-encoding': 'gzip, deflate, br, zstd', ...headers };
      const sent = request(url, { headers: coded }, (response) => {
        const parts: Buffer[] = [];
        response.on('data', (part: Buffer) => parts.push(part));
        response.on('end', () => {
          const { statusCode: status = 0 } = response;
          resolve({ status, headers: response.headers, bytes: Buffer.concat(parts) });
        });
      });
      sent.on('error', reject).end();
    },
  );
}

describe.each(['express', 'fastify'] as const)('A host on %s that compresses', (platform) => {
  let host: Host;
  let ann: UploadClient;
  let file: string;

  beforeAll(async () => {
    host = await startHost({
      platform,
      prepare: (app) => app.use(compression({ threshold: 0 })),
      fastify: {
        prepare: async (app) => {
          await app.register(fastifyCompress, { threshold: 0 });
        },
      },
    });
    ann = new UploadClient(`${host.url}/uploads`);
    const { id } = await ann.file(text, { filename: 'report.txt' });
    file = `${ann.url}/${id}/file`;
  });
  afterAll(() => host.close());

  it('still compresses its JSON', async () => {
    const { headers } = await get(ann.url, {});
    expect(headers['content-encoding']).toBeDefined();
  });

  it('sends a file as it is, which its ETag names', async () => {
    const whole = await get(file, {});
    expect(whole.status).toBe(200);
    expect(whole.headers).toMatchObject({
      etag: `"${md5(text)}"`,
      'content-length': String(text.length),
      'cache-control': expect.stringContaining('no-transform'),
    });
    expect(whole.headers['content-encoding']).toBeUndefined();
    expect(whole.bytes).toEqual(text);
  });

  it('sends a range of the file, and not of something else', async () => {
    const part = await get(file, { range: 'bytes=20000-' });
    expect(part.status).toBe(206);
    expect(part.headers['content-encoding']).toBeUndefined();
    expect(part.bytes).toEqual(text.subarray(20_000));
  });

  it('answers what is no file in any coding: 304, 412, 416, 404', async () => {
    expect((await get(file, { 'if-none-match': `"${md5(text)}"` })).status).toBe(304);
    expect((await get(file, { 'if-match': '"x"' })).status).toBe(412);
    expect((await get(file, { range: 'bytes=999999-' })).status).toBe(416);
    expect((await get(`${ann.url}/none/file`, {})).status).toBe(404);
  });

  it('takes a compressed form where its parser undoes that, and no compressed chunk', async () => {
    const { id } = await ann.begin(text, text.length);
    const gzip = { 'content-encoding': 'gzip' };
    const headers = { ...gzip, 'content-type': 'application/json' };
    const form = gzipSync(JSON.stringify({ md5: md5(text) })) as BodyInit;
    expect((await ann.send('POST', { id, headers }, form)).status).toBe(200);
    const { length } = text;
    const range = `bytes 0-${length - 1}/${length}`;
    expect((await ann.put(range, gzipSync(text), { headers: gzip })).status).toBe(415);
    expect((await ann.put(range, gzipSync(text), { headers: gzip, form: {} })).status).toBe(415);
    expect((await ann.put(range, text)).status).toBe(200);
  });
});
