import { once } from 'node:events';
import { type IncomingMessage, createServer } from 'node:http';
import { type Http2ServerRequest, createServer as createHttp2Server } from 'node:http2';
import { type AddressInfo, connect } from 'node:net';
import { setImmediate as nextTurn, setTimeout as sleep } from 'node:timers/promises';
import { afterEach, describe, expect, it } from 'vitest';
import { http2StreamOf } from '../../src/chunked-upload/protocols/http/http2-stream.js';
import { RequestSource } from '../../src/chunked-upload/protocols/http/request-source.js';
import { FrameConnection } from '../support/http2-frames.js';
import { until } from '../support/waiting.js';

const KIB = 1024;
const piece = Buffer.alloc(64 * KIB, 'x');

/** A request that is being received, and what has come of it. */
interface Receiving {
  readonly source: RequestSource;
  readonly received: () => number;
  /** Bytes that Node keeps of it. */
  readonly kept: () => number;
}

const closing: (() => void)[] = [];
afterEach(() => {
  for (const close of closing.splice(0)) close();
});

function receiving(incoming: IncomingMessage): Receiving {
  let bytes = 0;
  const source = RequestSource.of(incoming);
  incoming.on('data', (part: Buffer) => (bytes += part.length));
  const stream = http2StreamOf(incoming);
  const kept = () => incoming.readableLength + (stream?.readableLength ?? 0);
  return { source, received: () => bytes, kept };
}

/** Somebody sends as fast as the server takes it. */
async function overHttp1(): Promise<Receiving> {
  const server = createServer();
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const client = connect((server.address() as AddressInfo).port, '127.0.0.1');
  client.on('error', () => undefined);
  closing.push(() => {
    client.destroy();
    server.close();
    server.closeAllConnections();
  });
  const pump = () => {
    while (client.write(piece));
    client.once('drain', pump);
  };
  client.write('PUT / HTTP/1.1\r\nHost: a\r\nContent-Length: 1000000000000\r\n\r\n');
  pump();
  const [incoming] = (await once(server, 'request')) as [IncomingMessage];
  return receiving(incoming);
}

/** The same in frames of `size`. */
async function overHttp2(size: number): Promise<Receiving> {
  const server = createHttp2Server();
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo;
  const client = await FrameConnection.open(`http://127.0.0.1:${port}`);
  const stream = client.request('PUT', '/', []);
  const pump = setInterval(() => client.data(stream, piece, size), 1);
  closing.push(() => {
    clearInterval(pump);
    client.destroy();
    server.close();
  });
  const [incoming] = (await once(server, 'request')) as [Http2ServerRequest];
  return receiving(incoming as unknown as IncomingMessage);
}

describe.each([
  ['HTTP/1.1', () => overHttp1()],
  ['HTTP/2, large frames', () => overHttp2(16 * KIB)],
  ['HTTP/2, frames of one byte', () => overHttp2(1)],
])('A request as a source, over %s', (_, receive) => {
  /** Nothing more comes, nor is it kept by Node in many small pieces, and then it goes on. */
  async function expectHeld({ source, received, kept }: Receiving, release: () => void) {
    let before = -1;
    const isStill = async () => {
      const was = before;
      // A busy machine may not have let this process read since then.
      for (let turn = 0; turn < 20; turn += 1) await nextTurn();
      before = received();
      return was === before;
    };
    await until('what was on its way has come', isStill, { everyMs: 100 });
    await sleep(200);
    expect(received()).toBe(before);
    expect(kept()).toBe(0);
    release();
    await until('it goes on', () => received() > before + 2 * piece.length);
    source.pause();
    source.resume();
  }

  it('holds on, and goes on', async () => {
    const request = await receive();
    await until('it comes', () => request.received() > piece.length);
    request.source.pause();
    await expectHeld(request, () => request.source.resume());
  });

  it('holds on from the start', async () => {
    const request = await receive();
    request.source.pause();
    await expectHeld(request, () => request.source.resume());
  });

  it('holds on where it has just been told to go on', async () => {
    const request = await receive();
    await until('it comes', () => request.received() > piece.length);
    request.source.pause();
    await sleep(50);
    request.source.resume();
    request.source.pause();
    await expectHeld(request, () => request.source.resume());
  });

  it('goes on where it has just been told to hold on, and when all agree', async () => {
    const request = await receive();
    request.source.pause();
    request.source.pause();
    request.source.resume();
    await expectHeld(request, () => {
      request.source.resume();
      request.source.pause();
      request.source.resume();
    });
  });
});
