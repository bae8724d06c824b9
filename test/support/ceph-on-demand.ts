import { once } from 'node:events';
import { createServer } from 'node:http';
import { inject } from 'vitest';
import { Ceph } from './ceph.js';
import type { S3Access } from './s3-client.js';

/**
 * For the process that all test files share: starts Ceph when the first of them asks for it, and
 * never where none does.
 */
export async function offerCeph(): Promise<{ url: string; close: () => Promise<void> }> {
  let started: Promise<Ceph> | null = null;
  const server = createServer((_, response) => {
    started ??= Ceph.start();
    started.then(
      ({ endpoint, region, credentials }) =>
        response.end(JSON.stringify({ endpoint, region, credentials })),
      (error: Error) => response.writeHead(500).end(error.message),
    );
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  // It is no reason to go on.
  server.unref();
  const address = server.address();
  const port = address !== null && typeof address === 'object' ? address.port : 0;
  return {
    url: `http://127.0.0.1:${port}`,
    close: async () => {
      server.close();
      const ceph = await started?.catch(() => undefined);
      await ceph?.stop();
    },
  };
}

/** The Ceph of this run. It takes a quarter of a minute to start. */
export async function sharedCeph(): Promise<S3Access> {
  const response = await fetch(inject('cephOnDemand'));
  const text = await response.text();
  if (!response.ok) throw new Error(text);
  return JSON.parse(text) as S3Access;
}
