import { once as event } from 'node:events';
import { type Server, createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { PutObjectCommand, S3Client } from '@aws-sdk/client-s3';
import { afterEach, describe, expect, it } from 'vitest';
import { BytesPayload } from '../../src/chunked-upload/storage/s3/payload.js';
import { once, repeated, repeatedUpload } from '../../src/chunked-upload/storage/s3/s3-calls.js';
import { until } from '../support/waiting.js';

const MIB = 1024 * 1024;
/** The module gives a call of the storage 15 s. */
const CALL_MS = 15_000;

const servers: Server[] = [];
afterEach(() => {
  for (const server of servers.splice(0)) server.close().closeAllConnections();
});

/** Ends with its signal only. */
function hang(signal: AbortSignal): Promise<never> {
  return new Promise((_, reject) => {
    signal.addEventListener('abort', () => reject(new Error('aborted')));
  });
}

describe('A call of a store that does not answer', () => {
  it('has failed, after all its tries, before the module gives it up', async () => {
    const begun = performance.now();
    let tries = 0;
    const call = repeated(async (signal) => {
      tries += 1;
      return hang(signal);
    });
    await expect(call).rejects.toThrow('did not answer');
    expect(tries).toBeGreaterThan(1);
    expect(performance.now() - begun).toBeLessThan(CALL_MS - 2000);
  });

  it('ends also where it is made once', async () => {
    await expect(once(hang, { limitMs: 50 })).rejects.toThrow('did not answer');
  });
});

it('A request that is answered while it is sent does not go on', async () => {
  let closed = 0;
  const server = createServer({ keepAliveTimeout: 60_000 }, (request, response) => {
    request.socket.once('close', () => (closed += 1));
    // Before it has read anything of the body.
    response.writeHead(403, { 'content-type': 'application/xml' });
    response.end('<Error><Code>AccessDenied</Code></Error>');
    request.on('error', () => undefined);
    setTimeout(() => request.resume(), 200);
  });
  servers.push(server);
  server.listen(0, '127.0.0.1');
  await event(server, 'listening');
  const { port } = server.address() as AddressInfo;
  const client = new S3Client({
    region: 'us-east-1',
    endpoint: `http://127.0.0.1:${port}`,
    credentials: { accessKeyId: 'a', secretAccessKey: 'b' },
    forcePathStyle: true,
    requestChecksumCalculation: 'WHEN_REQUIRED',
    expectContinueHeader: false,
    maxAttempts: 1,
  });
  const payload = new BytesPayload(Array.from({ length: 64 }, () => Buffer.alloc(MIB)));
  const ContentLength = payload.length;
  const put = repeatedUpload(payload, (sent, abortSignal) => {
    const command = { Bucket: 'b', Key: 'k', Body: sent.body, ContentLength };
    return client.send(new PutObjectCommand(command), { abortSignal });
  });
  await expect(put).rejects.toThrow('AccessDenied');
  await until('the connection has ended', () => closed === 1);
  client.destroy();
});
