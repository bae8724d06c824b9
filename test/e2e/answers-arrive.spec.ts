import {
  BadRequestException,
  type CanActivate,
  type ExecutionContext,
  Injectable,
  type PipeTransform,
} from '@nestjs/common';
import { APP_GUARD, APP_PIPE } from '@nestjs/core';
import type { IncomingHttpHeaders } from 'node:http';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type Host, startHost } from '../support/host.js';
import { RawConnection } from '../support/raw-connection.js';
import { rounds } from '../support/rounds.js';
import { UploadClient, md5, sample } from '../support/upload-client.js';

// A client that sends all it has before it reads, as a proxy may, is answered nevertheless.

const KIB = 1024;
const MIB = 1024 * KIB;
const SIZE = 4 * MIB;
const ROUNDS = rounds(3);
const file = sample(SIZE);

@Injectable()
class Guard implements CanActivate {
  canActivate(context: ExecutionContext): boolean {
    const { headers } = context.switchToHttp().getRequest<{ headers: IncomingHttpHeaders }>();
    return headers['x-refuse'] !== 'guard';
  }
}

@Injectable()
class Pipe implements PipeTransform {
  transform(value: unknown): unknown {
    if (value === 'refused-by-a-pipe') throw new BadRequestException('A pipe');
    return value;
  }
}

let host: Host;
let ann: UploadClient;
/** An upload that has its first 10 bytes. */
let id: string;

beforeAll(async () => {
  const providers = [
    { provide: APP_GUARD, useClass: Guard },
    { provide: APP_PIPE, useClass: Pipe },
  ];
  host = await startHost({ upload: { maxBytes: 2 * SIZE }, providers });
  ann = new UploadClient(`${host.url}/uploads`);
  ({ id } = await ann.begin(file.subarray(0, 10), '*'));
});
afterAll(() => host.close());

interface Request {
  readonly name: string;
  readonly method: string;
  readonly target: () => string;
  readonly headers: Readonly<Record<string, string>>;
  readonly answer: RegExp;
}

const whole = { 'content-range': `bytes 0-${SIZE - 1}/${SIZE}` };
const form = { 'content-type': 'multipart/form-data; boundary=b' };
const nobody = '00000000-0000-4000-8000-000000000000';

const REQUESTS: readonly Request[] = [
  {
    name: 'a chunk at another offset',
    method: 'PUT',
    target: () => `/uploads/${id}`,
    headers: { 'content-range': `bytes 100-${SIZE + 99}/*` },
    answer: /400.*"expected_offset":10/s,
  },
  {
    name: 'a chunk of an upload that nobody knows',
    method: 'PUT',
    target: () => `/uploads/${nobody}`,
    headers: whole,
    answer: /404.*Not found/s,
  },
  {
    name: 'a chunk without a range',
    method: 'PUT',
    target: () => '/uploads?filename=a',
    headers: {},
    answer: /400.*Error in request headers/s,
  },
  {
    name: 'a chunk of a file that is too large',
    method: 'PUT',
    target: () => '/uploads?filename=a',
    headers: { 'content-range': `bytes 0-${SIZE - 1}/${3 * SIZE}` },
    answer: /400.*exceeds the limit/s,
  },
  {
    name: 'a chunk that is compressed',
    method: 'PUT',
    target: () => '/uploads?filename=a',
    headers: { ...whole, 'content-encoding': 'gzip' },
    answer: /415.*Content-Encoding/s,
  },
  {
    name: 'a form that is none',
    method: 'PUT',
    target: () => '/uploads',
    headers: { ...whole, 'content-type': 'multipart/form-data' },
    answer: /400.*not well-formed/s,
  },
  {
    name: 'a form that is all fields',
    method: 'POST',
    target: () => '/uploads?filename=a',
    headers: form,
    answer: /400.*too long/s,
  },
  {
    name: 'a file with the request that completes',
    method: 'POST',
    target: () => `/uploads/${id}?md5=${md5(file)}`,
    headers: {},
    answer: /400.*cannot be sent/s,
  },
  {
    name: 'what a guard of the host refuses',
    method: 'PUT',
    target: () => '/uploads?filename=a',
    headers: { ...whole, 'x-refuse': 'guard' },
    answer: /403/,
  },
  {
    name: 'what a pipe of the host refuses',
    method: 'PUT',
    target: () => '/uploads/refused-by-a-pipe',
    headers: whole,
    answer: /400.*A pipe/s,
  },
  {
    name: 'a request whose body nobody asks for',
    method: 'GET',
    target: () => `/uploads/${id}`,
    headers: {},
    answer: /200.*"offset":10/s,
  },
];

interface Version {
  readonly title: string;
  readonly version: string;
  readonly headers: Readonly<Record<string, string>>;
}

const HTTP1: Version[] = [
  { title: 'HTTP/1.1, kept alive', version: '1.1', headers: {} },
  { title: 'HTTP/1.1, Connection: close', version: '1.1', headers: { connection: 'close' } },
  { title: 'HTTP/1.0', version: '1.0', headers: {} },
];
const HTTP2: Version[] = [{ title: 'HTTP/2', version: '2', headers: {} }];

/** Begins a request, and reads nothing until `connection.socket` is resumed. */
async function begin(
  { method, target, headers: own }: Pick<Request, 'method' | 'target' | 'headers'>,
  { version, headers: more }: Version,
): Promise<RawConnection> {
  const connection = await RawConnection.open(host.url);
  const headers = {
    'x-user': 'ann',
    'content-type': 'application/octet-stream',
    'content-length': String(SIZE),
    ...own,
    ...more,
  };
  if (version === '2') {
    await connection.head(method, target(), headers);
    return connection;
  }
  connection.socket.pause();
  const lines = Object.entries({ host: 'localhost', ...headers }).map(
    ([name, value]) => `${name}: ${value}\r\n`,
  );
  await connection.write(`${method} ${target()} HTTP/${version}\r\n${lines.join('')}\r\n`);
  return connection;
}

describe.each(process.env['HOST_PLATFORM'] === 'http2' ? HTTP2 : HTTP1)('Over $title', (way) => {
  it.each(REQUESTS)('$name is answered', async (request) => {
    for (let round = 0; round < ROUNDS; round += 1) {
      const connection = await begin(request, way);
      for (let sent = 0; sent < SIZE; sent += 64 * KIB) {
        await connection.write(file.subarray(sent, sent + 64 * KIB));
      }
      connection.socket.resume();
      const { status, body } = await connection.answer();
      expect(`${status} ${body}`).toMatch(request.answer);
      connection.destroy();
    }
  });
});
