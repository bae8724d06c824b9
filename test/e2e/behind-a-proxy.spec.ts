import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type Host, startHost } from '../support/host.js';
import { UploadClient, md5, sample } from '../support/upload-client.js';

const file = sample(100);

async function start(platform: 'express' | 'fastify', trust: boolean | string) {
  const host = await startHost({
    platform,
    prepare: (app) => app.set('trust proxy', trust),
    fastify: { adapter: { trustProxy: trust } },
  });
  return host;
}

/** The URLs with which an upload is shown to a request with these headers. */
async function shown(host: Host, headers: Record<string, string>): Promise<string> {
  const ann = new UploadClient(`${host.url}/uploads`);
  const { id } = await ann.file(file);
  const options = { headers };
  const { upload } = await ann.get(id, options);
  const list = (await ann.send('GET', { ...options, query: { limit: '1' } })).headers.get('link');
  const whole = await ann.whole(file, { ...options, query: { md5: md5(file) } });
  const base = upload.url.replace(`/${id}`, '');
  expect(upload.file).toBe(`${upload.url}/file`);
  expect(whole.upload.url).toBe(`${base}/${whole.upload.id}`);
  if (list !== null) expect(list).toContain(`<${base}?`);
  return base;
}

const forwarded = (more: Record<string, string>) => ({
  'x-forwarded-for': '203.0.113.9',
  'x-forwarded-proto': 'https',
  'x-forwarded-host': 'a.test',
  ...more,
});

describe.each(['express', 'fastify'] as const)(
  'On %s, behind a proxy that it trusts',
  (platform) => {
    let host: Host;
    beforeAll(async () => {
      host = await start(platform, true);
    });
    afterAll(() => host.close());

    it.each([
      [{}, 'https://a.test/uploads'],
      [{ 'x-forwarded-port': '8443' }, 'https://a.test:8443/uploads'],
      [{ 'x-forwarded-port': '443' }, 'https://a.test/uploads'],
      // The proxy's own, behind one that speaks TLS.
      [{ 'x-forwarded-port': '80' }, 'https://a.test/uploads'],
      [{ 'x-forwarded-port': '8443, 80' }, 'https://a.test:8443/uploads'],
      [{ 'x-forwarded-port': 'nonsense' }, 'https://a.test/uploads'],
      [
        { 'x-forwarded-host': 'a.test:9000', 'x-forwarded-port': '8443' },
        'https://a.test:9000/uploads',
      ],
      [{ 'x-forwarded-host': '[::1]', 'x-forwarded-port': '8443' }, 'https://[::1]:8443/uploads'],
      [{ 'x-forwarded-proto': 'http', 'x-forwarded-port': '8080' }, 'http://a.test:8080/uploads'],
      [{ 'x-forwarded-proto': 'javascript' }, 'http://a.test/uploads'],
      [{ 'x-forwarded-prefix': '/app' }, 'https://a.test/app/uploads'],
      [{ 'x-forwarded-prefix': '/app/' }, 'https://a.test/app/uploads'],
      [{ 'x-forwarded-prefix': '/outer, /inner' }, 'https://a.test/outer/inner/uploads'],
      [{ 'x-forwarded-prefix': '/' }, 'https://a.test/uploads'],
      [{ 'x-forwarded-prefix': '//evil.test' }, 'https://a.test/uploads'],
      [{ 'x-forwarded-prefix': 'app' }, 'https://a.test/uploads'],
      [{ 'x-forwarded-prefix': '/a"><script>' }, 'https://a.test/uploads'],
      [
        { 'x-forwarded-port': '8443', 'x-forwarded-prefix': '/app' },
        'https://a.test:8443/app/uploads',
      ],
    ])('%j is shown as %s', async (headers, url) => {
      expect(await shown(host, forwarded(headers as Record<string, string>))).toBe(url);
    });
  },
);

describe.each([
  ['express', false],
  ['fastify', false],
  ['express', '203.0.113.1'],
  ['fastify', '203.0.113.1'],
] as const)('On %s, from somebody whom it does not trust (%s)', (platform, trust) => {
  it('no such header counts', async () => {
    const host = await start(platform, trust);
    try {
      const more = { 'x-forwarded-port': '8443', 'x-forwarded-prefix': '/app' };
      const own = `${host.url}/uploads`;
      expect(await shown(host, forwarded(more))).toBe(own);
      // Also if it names the very host that was asked.
      const { host: name } = new URL(host.url);
      expect(await shown(host, forwarded({ ...more, 'x-forwarded-host': name }))).toBe(own);
    } finally {
      await host.close();
    }
  });
});
