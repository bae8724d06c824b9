import type { Express } from 'express';
import { IncomingMessage, ServerResponse } from 'node:http';
import type { Socket } from 'node:net';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { type Host, startHost } from '../support/host.js';
import { UploadClient, formOf, md5, sample } from '../support/upload-client.js';

// Adapters of cloud functions (serverless-express, serverless-http) make a request of an event, and hand
// it to the application without a connection: what they call its socket has next to nothing of one.

const file = sample(300);
let host: Host;
beforeAll(async () => {
  host = await startHost({ platform: 'express' });
});
afterAll(() => host.close());

interface Played {
  readonly status: number;
  readonly headers: ReturnType<ServerResponse['getHeaders']>;
  readonly bytes: Buffer;
}

/** `body` is there at once, and as `request.body`, too. */
async function play(
  method: string,
  url: string,
  headers: Readonly<Record<string, string>> = {},
  body = Buffer.alloc(0),
): Promise<Played> {
  const socket = { readable: true, destroy: () => undefined, remoteAddress: '192.0.2.1' };
  const request = new IncomingMessage(socket as unknown as Socket);
  Object.assign(request, { method, url, httpVersion: '1.1', complete: true, body });
  // As they do: text, and of the headers only the parsed ones.
  Object.assign(request, { httpVersionMajor: '1', httpVersionMinor: '1' });
  request.headers = { host: 'x.test', 'x-user': 'ann', ...headers };
  if (body.length > 0) request.push(body);
  request.push(null);
  const response = new ServerResponse(request);
  const written: Buffer[] = [];
  response.write = ((bytes: Uint8Array) => {
    written.push(Buffer.from(bytes));
    return true;
  }) as never;
  return new Promise((resolve) => {
    const end = response.end.bind(response);
    response.end = ((bytes?: Uint8Array | string) => {
      if (bytes !== undefined) written.push(Buffer.from(bytes as Uint8Array));
      end();
      const answered = { status: response.statusCode, headers: response.getHeaders() };
      resolve({ ...answered, bytes: Buffer.concat(written) });
      response.emit('finish');
      return response;
    }) as never;
    (host.app.getHttpAdapter().getInstance() as Express)(request as never, response as never);
  });
}

const octets = { 'content-type': 'application/octet-stream' };

it('A file goes up in chunks, raw and in a form, and down again', async () => {
  const begun = await play(
    'PUT',
    '/uploads?filename=a',
    { ...octets, 'content-range': 'bytes 0-99/300' },
    file.subarray(0, 100),
  );
  expect(begun.status).toBe(200);
  const { id } = JSON.parse(begun.bytes.toString()) as { id: string };
  const form = new Response(formOf(file.subarray(100)));
  const type = { 'content-type': form.headers.get('content-type') ?? '' };
  const range = { ...type, 'content-range': 'bytes 100-299/300' };
  const bytes = Buffer.from(await form.arrayBuffer());
  expect((await play('PUT', `/uploads/${id}`, range, bytes)).status).toBe(200);
  expect((await play('POST', `/uploads/${id}?md5=${md5(file)}`)).status).toBe(200);

  const whole = await play('GET', `/uploads/${id}/file`);
  expect([whole.status, whole.bytes.equals(file)]).toEqual([200, true]);
  const part = await play('GET', `/uploads/${id}/file`, { range: 'bytes=10-19' });
  expect([part.status, part.bytes.equals(file.subarray(10, 20))]).toEqual([206, true]);
  expect((await play('HEAD', `/uploads/${id}/file`)).headers['content-length']).toBe('300');
  expect((await play('DELETE', `/uploads/${id}`)).status).toBe(204);
  expect((await new UploadClient(`${host.url}/uploads`).get(id)).status).toBe(404);
});
