import { describe } from 'vitest';
import { type Certificate, hasOpenssl, opensslTitle, selfSigned } from '../support/certificate.js';
import { Nginx, hasNginx, nginxTitle } from '../support/nginx.js';
import { startFilesAndNotes } from '../support/files-and-notes.js';
import { browserTitle, hasBrowser } from './browser.js';
import { type Place, everyClient } from './clients/every-client.js';

const PLAIN = 'client_max_body_size 0; proxy_pass http://app;';
/** As the documentation says. */
const STREAMING = `proxy_pass http://app; proxy_http_version 1.1; proxy_request_buffering off;
  client_max_body_size 0; proxy_read_timeout 120s; proxy_set_header Host $http_host;
  proxy_set_header X-Forwarded-Proto $scheme;`;

async function startBehind(directives: string, certificate?: Certificate): Promise<Place> {
  const host = await startFilesAndNotes({ platform: 'express' });
  const nginx = await Nginx.start(host.url, { way: directives }, certificate);
  const close = async () => {
    await nginx.stop();
    await host.close();
  };
  const version = certificate ? 'HTTP/2.0' : 'HTTP/1.1';
  return { host, url: host.url, front: nginx.url('way'), version, close };
}

describe.skipIf(!hasBrowser || !hasNginx)(
  nginxTitle(browserTitle('Through nginx with nothing but proxy_pass')),
  () => everyClient('nginx', () => startBehind(PLAIN)),
);

describe.skipIf(!hasBrowser || !hasNginx || !hasOpenssl)(
  opensslTitle(nginxTitle(browserTitle('Through nginx that streams, over HTTP/2 with TLS'))),
  () => everyClient('nginx that streams', async () => startBehind(STREAMING, await selfSigned())),
);
