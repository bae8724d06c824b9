import type { IncomingMessage, ServerResponse } from 'node:http';
import { gzipSync } from 'node:zlib';
import express from 'express';
import { describe, expect, it } from 'vitest';
import { startHost } from '../support/host.js';
import { UploadClient, md5, sample } from '../support/upload-client.js';

const file = sample(300);
const first = file.subarray(0, 100);
const sum = md5(file);

function verify(request: IncomingMessage, _: ServerResponse, bytes: Buffer): void {
  Object.assign(request, { rawBody: bytes });
}

describe('Where a parser of the host has read the body', () => {
  it('the bytes of its raw parser are used', async () => {
    const own = await startHost({
      prepare: (app) => app.use(express.raw({ type: ['application/octet-stream', 'text/plain'] })),
    });
    try {
      const client = new UploadClient(`${own.url}/uploads`);
      const { id } = await client.begin(first, 300);
      const headers = { 'content-type': 'text/plain' };
      await client.put('bytes 100-299/300', file.subarray(100), { id, headers });
      const short = await client.put('bytes 0-99/300', first.subarray(0, 9));
      expect(short.detail).toMatch(/file size is 9 but 100 reported/);
      expect((await client.complete(id, sum)).status).toBe(200);
      expect((await client.download(id)).bytes).toEqual(file);
    } finally {
      await own.close();
    }
  });

  // Webhooks need the bytes of everything; cloud functions keep them beside what they have parsed.
  it.each([
    ['takes everything as it is', [express.raw({ type: '*/*' })]],
    [
      'keeps the bytes',
      [express.json({ verify }), express.text({ verify }), express.raw({ type: '*/*', verify })],
    ],
  ])('that %s, its forms and texts are used as well', async (_, parsers) => {
    const own = await startHost({
      nest: { bodyParser: false },
      prepare: (app) => parsers.forEach((parser) => app.use(parser)),
    });
    try {
      const client = new UploadClient(`${own.url}/uploads`);
      const form = { before: { filename: 'a' }, after: { owner_id: '' } };
      const { id, filename } = await client.begin(first, 300, { form });
      expect(filename).toBe('a');
      const headers = { 'content-type': 'text/plain' };
      await client.put('bytes 100-299/300', file.subarray(100), { id, headers });
      const sums = new FormData();
      sums.append('md5', sum);
      expect((await client.send('POST', { id }, sums)).status).toBe(200);
      expect((await client.download(id)).bytes).toEqual(file);
      const other = await client.whole(file, { form: { after: { md5: sum } } });
      expect(other).toMatchObject({ status: 200, body: { status: 2 } });
      const removed = await client.send('DELETE', { headers }, other.upload.id);
      expect(removed.status).toBe(204);
      const late = { after: { upload_id: id } };
      expect((await client.put('bytes 0-99/300', first, { form: late })).status).toBe(400);
      const broken = { 'content-type': 'multipart/form-data; boundary=b' };
      const cut = await client.send(
        'PUT',
        { headers: broken },
        '--b\r\nContent-Disposition: form-',
      );
      expect(cut).toMatchObject({ status: 400, detail: expect.stringMatching(/not well-formed/) });
    } finally {
      await own.close();
    }
  });

  it('and undid its coding, what it made of it is used', async () => {
    const own = await startHost({
      prepare: (app) => app.use(express.raw({ type: 'application/octet-stream' })),
    });
    try {
      const client = new UploadClient(`${own.url}/uploads`);
      const headers = { 'content-encoding': 'gzip' };
      const { id } = await client.begin(file, 300);
      const answer = await client.put('bytes 0-299/300', gzipSync(file), { headers });
      expect(answer).toMatchObject({ status: 200, body: { offset: 300 } });
      const json = { ...headers, 'content-type': 'application/json' };
      const form = gzipSync(JSON.stringify({ md5: sum })) as BodyInit;
      expect((await client.send('POST', { id, headers: json }, form)).status).toBe(200);
    } finally {
      await own.close();
    }
  });

  it('and spoilt it, it is a 415 with the cure', async () => {
    const own = await startHost({
      prepare: (app) => {
        app.use(express.text({ type: 'text/plain' }));
        app.use((request: express.Request, _: express.Response, next: express.NextFunction) => {
          if (request.is('multipart/form-data')) request.resume().on('end', () => next());
          else next();
        });
      },
    });
    try {
      const client = new UploadClient(`${own.url}/uploads`);
      const headers = { 'content-type': 'text/plain' };
      for (const options of [{ headers }, { form: {} }]) {
        const answer = await client.put('bytes 0-99/300', first, options);
        expect(answer).toMatchObject({
          status: 415,
          body: { detail: expect.stringMatching(/body parser.*application\/octet-stream/) },
        });
      }
      expect((await client.put('bytes 0-99/300', first)).status).toBe(200);
    } finally {
      await own.close();
    }
  });

  it('its forms are used: rawBody, and none of the parsers', async () => {
    for (const nest of [{ rawBody: true }, { bodyParser: false }]) {
      const own = await startHost({ nest });
      try {
        const client = new UploadClient(`${own.url}/uploads`);
        const json = await client.begin(file, 300);
        expect((await client.postJson({ md5: sum }, { id: json.id })).status).toBe(200);
        const form = await client.begin(file, 300);
        expect((await client.complete(form.id, sum)).status).toBe(200);
      } finally {
        await own.close();
      }
    }
  });
});

describe('Where middleware of the host has paused the request', () => {
  const large = sample(300_000);

  it.each(['express', 'fastify'] as const)('on %s, it is read all the same', async (platform) => {
    const own = await startHost({
      platform,
      nest: { bodyParser: false },
      prepare: (app) => {
        app.use((request: express.Request, _: express.Response, next: express.NextFunction) => {
          request.pause();
          setTimeout(next, 20);
        });
      },
      fastify: {
        prepare: (app) => {
          app
            .getHttpAdapter()
            .getInstance()
            .addHook('onRequest', (request, _, done) => {
              request.raw.pause();
              setTimeout(done, 20);
            });
        },
      },
    });
    try {
      const client = new UploadClient(`${own.url}/uploads`);
      const { id } = await client.begin(large, large.length);
      expect((await client.begin(large, large.length, { form: {} })).offset).toBe(large.length);
      expect((await client.postJson({ md5: md5(large) }, { id })).status).toBe(200);
      const refused = await client.put('bytes 5-300004/*', large);
      expect(refused.detail).toBe('Offsets do not match');
    } finally {
      await own.close();
    }
  });
});
