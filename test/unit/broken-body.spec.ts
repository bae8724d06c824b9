import type { IncomingMessage } from 'node:http';
import { Readable } from 'node:stream';
import { expect, it } from 'vitest';
import { ChunkBody } from '../../src/chunked-upload/engine/chunk-body.js';
import { FormFields } from '../../src/chunked-upload/protocols/http/form-fields.js';
import { readMultipart } from '../../src/chunked-upload/protocols/http/multipart.js';

const KIB = 1024;
const PIECE = 64 * KIB;
const PIECES = 100;

/** Reads slowly, so that whoever sends is paused; what had been read when the body broke. */
async function readSlowly(body: ChunkBody): Promise<number> {
  let read = 0;
  const end = (async () => {
    for (let batch = await body.read(); batch; batch = await body.read()) {
      for (const bytes of batch) read += bytes.length;
      await new Promise((resolve) => setTimeout(resolve, 5));
    }
  })();
  await expect(end).rejects.toThrow('cut');
  return read;
}

/** Every piece has been handed over when it breaks, and none of the last ones has been taken. */
function breakOff(stream: Readable): number {
  let sent = 0;
  while (sent < PIECES * PIECE) {
    sent += PIECE;
    stream.push(Buffer.alloc(PIECE, 'x'));
  }
  setImmediate(() => stream.destroy(new Error('cut')));
  return sent;
}

it('keeps what a stream held when it broke while it was paused', async () => {
  const stream = new Readable({ read: () => undefined });
  const body = ChunkBody.from(stream);
  const sent = breakOff(stream);
  expect(await readSlowly(body)).toBe(sent);
});

it('keeps what request and parser of a form held when it broke while it was paused', async () => {
  const stream = new Readable({ read: () => undefined });
  const headers = { 'content-type': 'multipart/form-data; boundary=b' };
  const incoming = Object.assign(stream, { headers }) as unknown as IncomingMessage;
  const reading = readMultipart(incoming, 'file', new FormFields(new URLSearchParams()));
  stream.push('--b\r\nContent-Disposition: form-data; name="file"; filename="a.bin"\r\n\r\n');
  const sent = breakOff(stream);
  const file = await reading;
  expect(file).not.toBeNull();
  if (file) expect(await readSlowly(file.body)).toBe(sent);
});
