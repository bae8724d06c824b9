import type { IncomingMessage } from 'node:http';
import { Readable } from 'node:stream';
import { setImmediate as turn } from 'node:timers/promises';
import { describe, expect, it } from 'vitest';
import { processForms, processMemory } from '../../src/chunked-upload/memory/process-memory.js';
import { FormFields } from '../../src/chunked-upload/protocols/http/form-fields.js';
import { readMultipart } from '../../src/chunked-upload/protocols/http/multipart.js';

const KIB = 1024;

function start() {
  const stream = new Readable({ read: () => undefined });
  const headers = { 'content-type': 'multipart/form-data; boundary=b' };
  const incoming = Object.assign(stream, { headers }) as unknown as IncomingMessage;
  const fields = new FormFields(new URLSearchParams());
  const reading = readMultipart(incoming, 'file', fields);
  reading.catch(() => undefined);
  return { stream, fields, reading };
}

const fieldHead = '--b\r\nContent-Disposition: form-data; name="a"\r\n\r\n';
const fileHead = (name: string) =>
  `\r\n--b\r\nContent-Disposition: form-data; name="${name}"; filename="f"\r\n\r\n`;

describe('The fields of a form', () => {
  it('count until the form is closed', async () => {
    const { stream, fields, reading } = start();
    stream.push(fieldHead + 'x'.repeat(10 * KIB));
    await turn();
    expect(processForms.held).toBeGreaterThan(10 * KIB);
    stream.push(`${fileHead('file')}bytes`);
    const file = await reading;
    expect(fields.get('a')).toHaveLength(10 * KIB);
    file?.body.close();
    fields.close();
    expect([processForms.held, processMemory.used]).toEqual([0, 0]);
  });

  it('that come byte by byte are refused before they cost much', async () => {
    const { stream, reading } = start();
    let refused = false;
    reading.catch(() => {
      refused = true;
    });
    stream.push(fieldHead);
    let sent = 0;
    for (; !refused && sent < 10_000; sent += 1) {
      stream.push('x');
      await turn();
      await turn();
    }
    await expect(reading).rejects.toThrow('too long');
    expect(sent).toBeLessThan(3000);
    expect(processForms.held).toBe(0);
  });

  it('are not the bytes of files, wanted or not, whatever comes before and after', async () => {
    const { stream, fields, reading } = start();
    const bytes = Buffer.alloc(64 * KIB, 'x');
    stream.push(fileHead('other').slice(2));
    for (let piece = 0; piece < 20; piece += 1) {
      stream.push(bytes);
      await turn();
    }
    stream.push(Buffer.concat([Buffer.from(fileHead('file')), bytes]));
    const file = await reading;
    for (let piece = 0; piece < 20; piece += 1) {
      stream.push(bytes);
      await file?.body.read();
    }
    expect(processForms.held).toBeLessThan(2 * KIB);
    stream.push(`\r\n${fieldHead}late\r\n--b--\r\n`);
    stream.push(null);
    while (await file?.body.read());
    expect(fields.get('a')).toBe('late');
    expect(file?.body.received).toBe(21 * 64 * KIB);
    file?.body.close();
    fields.close();
    expect([processForms.held, processMemory.used]).toEqual([0, 0]);
  });
});
