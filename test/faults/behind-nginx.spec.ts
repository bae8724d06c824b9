import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { FILES, KIB, MIB, json, representation, send } from '../support/chunk-request.js';
import { type Cluster, startCluster } from '../support/cluster.js';
import { Nginx, hasNginx, nginxTitle } from '../support/nginx.js';
import { ResumingUpload } from '../support/resuming-upload.js';

const ROUNDS = 20;
const CHUNK = 4 * MIB;
const MOST_BYTES = 64 * MIB;

const kept = 'proxy_http_version 1.1; proxy_set_header Connection "";';
const closing = 'proxy_http_version 1.1; proxy_set_header Connection close;';
const streaming = 'proxy_request_buffering off;';
const any = 'client_max_body_size 0;';
// The first one is what nginx does where it is told nothing else: HTTP/1.0, and all of a body first.
const WAYS = {
  'nothing but proxy_pass': `${any} proxy_pass http://app;`,
  'HTTP/1.0, streaming': `${any} ${streaming} proxy_pass http://app;`,
  'HTTP/1.1, closing': `${any} ${closing} proxy_pass http://app;`,
  'HTTP/1.1, closing, streaming': `${any} ${closing} ${streaming} proxy_pass http://app;`,
  'HTTP/1.1, kept alive': `${any} ${kept} proxy_pass http://kept;`,
  'HTTP/1.1, kept alive, streaming': `${any} ${kept} ${streaming} proxy_pass http://kept;`,
  'bodies of 1 MiB at most': 'client_max_body_size 1m; proxy_pass http://app;',
};
const open = Object.keys(WAYS).slice(0, -1);

const large = Buffer.alloc(CHUNK, 'x');
const octets = { 'content-type': 'application/octet-stream' };
const nobody = '00000000-0000-4000-8000-000000000000';

describe.skipIf(!hasNginx).each(['express', 'fastify'] as const)(
  nginxTitle('Behind nginx, on %s'),
  (platform) => {
    let cluster: Cluster;
    let nginx: Nginx;
    /** An upload of 10 bytes so far. */
    let begun: string;

    beforeAll(async () => {
      const host = { platform, maxBytes: MOST_BYTES };
      cluster = await startCluster(1, { program: 'host', host });
      nginx = await Nginx.start(cluster.at(0).url, WAYS);
      const headers = { ...octets, 'content-range': 'bytes 0-9/*' };
      const url = `${cluster.at(0).url}${FILES}?filename=a.bin`;
      begun = representation(await send('PUT', url, { headers, body: large.subarray(0, 10) })).id;
    });
    afterAll(async () => {
      await nginx?.stop();
      await cluster?.stop();
    });

    const range = (start: number, length: number, total: number | '*') => ({
      ...octets,
      'content-range': `bytes ${start}-${start + length - 1}/${total}`,
    });
    const refusals = () => [
      { path: `/${begun}`, headers: range(100, CHUNK, '*'), status: 400, says: /do not match/ },
      { path: `/${nobody}`, headers: range(0, CHUNK, CHUNK), status: 404, says: /Not found/ },
      {
        path: '?filename=a',
        headers: range(0, CHUNK, MOST_BYTES + 1),
        status: 400,
        says: /exceeds the limit/,
      },
      { path: `/${begun}`, headers: octets, status: 400, says: /Error in request headers/ },
      {
        path: `/${begun}`,
        headers: range(10, CHUNK, '*'),
        user: 'mallory',
        status: 403,
        says: /Forbidden/,
      },
    ];

    describe.each(open)('passing on with: %s', (way) => {
      it('every refusal of a chunk reaches its client, and harms no other request', async () => {
        const base = nginx.url(way) + FILES;
        for (let round = 0; round < ROUNDS; round += 1) {
          for (const { path, headers, status, says, user = 'alice' } of refusals()) {
            const answer = await send('PUT', base + path, { user, headers, body: large });
            expect(`${answer.status} ${answer.bytes.toString()}`).toMatch(says);
            expect(answer.status).toBe(status);
          }
          const small = { headers: range(100, 100, '*'), body: large.subarray(0, 100) };
          const refused = await send('PUT', `${base}/${begun}`, small);
          expect(json(refused)).toMatchObject({ expected_offset: 10 });
          const asked = await send('GET', `${base}/${begun}`);
          expect(json(asked)).toMatchObject({ offset: 10 });
        }
      });

      it('also where more comes than is read', async () => {
        const body = Buffer.alloc(40 * MIB, 'x');
        const headers = range(100, body.length, '*');
        for (let round = 0; round < ROUNDS / 5; round += 1) {
          const answer = await send('PUT', `${nginx.url(way)}${FILES}/${begun}`, { headers, body });
          expect(json(answer)).toMatchObject({ expected_offset: 10 });
        }
      });

      it('an upload goes through, whole', async () => {
        const upload = ResumingUpload.ofSize(5 * MIB + 1);
        while (upload.offset < upload.bytes.length) {
          representation(await upload.sendNext(nginx.url(way), MIB, upload.offset > 2 * MIB));
        }
        expect(await upload.finish(nginx.url(way))).toEqual({ equal: true });
      });
    });

    it("nginx's own 413 reaches the client, which goes on in smaller chunks", async () => {
      const url = nginx.url('bodies of 1 MiB at most');
      const upload = ResumingUpload.ofSize(2 * MIB);
      for (let round = 0; round < ROUNDS; round += 1) {
        expect((await upload.sendNext(url, 2 * MIB)).status).toBe(413);
        expect((await upload.sendNext(url, 50 * KIB)).status).toBe(200);
      }
      expect(upload.offset).toBe(ROUNDS * 50 * KIB);
      expect(await upload.ask(url)).toBe(upload.offset);
    });
  },
);
