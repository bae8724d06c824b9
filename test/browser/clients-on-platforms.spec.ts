import { describe } from 'vitest';
import { hasOpenssl, opensslTitle, selfSigned } from '../support/certificate.js';
import { startFilesAndNotes } from '../support/files-and-notes.js';
import { browserTitle, hasBrowser } from './browser.js';
import { everyClient } from './clients/every-client.js';

describe.skipIf(!hasBrowser)(browserTitle('On Express'), () => {
  everyClient('express', async () => {
    const host = await startFilesAndNotes({ platform: 'express' });
    return { host, url: host.url, version: 'HTTP/1.1', close: () => host.close() };
  });
});

describe.skipIf(!hasBrowser)(browserTitle('On Fastify'), () => {
  everyClient('fastify', async () => {
    const host = await startFilesAndNotes({ platform: 'fastify' });
    return { host, url: host.url, version: 'HTTP/1.1', close: () => host.close() };
  });
});

describe.skipIf(!hasBrowser || !hasOpenssl)(
  opensslTitle(browserTitle('On Fastify, over HTTP/2 with TLS')),
  () => {
    everyClient('http2', async () => {
      const host = await startFilesAndNotes({ platform: 'http2', certificate: await selfSigned() });
      return { host, url: host.url, version: 'HTTP/2.0', close: () => host.close() };
    });
  },
);
