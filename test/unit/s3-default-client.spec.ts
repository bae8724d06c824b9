import { createHash } from 'node:crypto';
import { once } from 'node:events';
import { type IncomingMessage, type Server, type ServerResponse, createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';
import { S3Client } from '@aws-sdk/client-s3';
import { afterEach, beforeEach, expect, it } from 'vitest';
import { S3Storage } from '../../src/chunked-upload/storage/s3/index.js';
import { MIB, sample } from '../../src/chunked-upload/testing/contract-bytes.js';
import { ContractUpload } from '../../src/chunked-upload/testing/contract-upload.js';

// A client of the host's, with nothing but a region: at Amazon that is what many have. The SDK then sends
// sums behind the bodies, and compares those that come. The double takes no such body.

const KIB = 1024;

let server: Server;
let storage: S3Storage;
let answer: (request: IncomingMessage, response: ServerResponse, body: Buffer) => void;
beforeEach(async () => {
  server = createServer((request, response) => {
    const received: Buffer[] = [];
    request.on('data', (bytes: Buffer) => received.push(bytes));
    request.on('end', () => answer(request, response, Buffer.concat(received)));
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const endpoint = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  const credentials = { accessKeyId: 'a', secretAccessKey: 'b' };
  const client = new S3Client({ region: 'us-east-1', endpoint, credentials, forcePathStyle: true });
  storage = new S3Storage({ bucket: 'uploads', client });
});
afterEach(async () => {
  server.closeAllConnections();
  server.close();
  await once(server, 'close');
});

/** The chunks of an aws-chunked body. */
function chunksOf(body: Buffer): Buffer[] {
  const chunks: Buffer[] = [];
  for (let at = 0; ;) {
    const end = body.indexOf('\r\n', at);
    const size = Number.parseInt(body.toString('latin1', at, end), 16);
    if (size === 0) return chunks;
    chunks.push(body.subarray(end + 2, end + 2 + size));
    at = end + 2 + size + 2;
  }
}

// "Only the last chunk is allowed to have a size less than 8192 bytes" (InvalidChunkSizeError)
it('No chunk of a body but the last is smaller than Amazon takes', async () => {
  const parts: Buffer[][] = [];
  answer = (request, response, body) => {
    if (request.method === 'POST') {
      const xml =
        '<InitiateMultipartUploadResult><UploadId>u</UploadId></InitiateMultipartUploadResult>';
      return response.end(xml);
    }
    const chunks = chunksOf(body);
    if (request.url?.includes('partNumber')) parts.push(chunks);
    const md5 = createHash('md5').update(Buffer.concat(chunks)).digest('hex');
    return response.setHeader('etag', `"${md5}"`).end();
  };
  const upload = new ContractUpload(() => storage);
  // A piece whose last page is almost empty, and what makes it a part.
  const size = 4 * MIB + 4 * KIB;
  const bytes = sample(2 * size);
  await upload.append(bytes.subarray(0, size), MIB);
  await upload.append(bytes.subarray(size), MIB);
  expect(parts).toHaveLength(1);
  const [chunks = []] = parts;
  expect(Buffer.concat(chunks).equals(bytes)).toBe(true);
  const small = chunks.slice(0, -1).filter(({ length }) => length < 8 * KIB);
  expect(small.map(({ length }) => length)).toEqual([]);
});

it('A file whose connection breaks before it is read ends nothing, and is read', async () => {
  const bytes = sample(MIB);
  answer = (request, response) => {
    const [, start] = /^bytes=(\d+)-/.exec(request.headers.range ?? '') ?? [];
    const body = bytes.subarray(Number(start ?? 0));
    response.statusCode = start === undefined ? 200 : 206;
    response.setHeader('content-length', body.length);
    response.setHeader('etag', '"a"');
    if (start !== undefined) return response.end(body);
    response.setHeader('x-amz-checksum-crc32', 'AAAAAA==');
    response.write(body.subarray(0, 8 * KIB));
    return setTimeout(() => response.destroy(), 50);
  };
  const uncaught: unknown[] = [];
  const catchIt = (error: unknown) => uncaught.push(error);
  process.on('uncaughtException', catchIt);
  try {
    const file = { key: 'a.part', finalKey: 'a.done', storageState: null };
    const stream = await storage.createReadStream(file);
    await sleep(300);
    expect(uncaught).toEqual([]);
    expect(Buffer.concat(await stream.toArray()).equals(bytes)).toBe(true);
  } finally {
    process.off('uncaughtException', catchIt);
  }
});
