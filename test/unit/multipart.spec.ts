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

  it.each([
    ['what stands before the first part', ''],
    ['a part that has no name', '--b\r\nA: 1\r\n\r\n'],
    ['what stands behind the last part', `${fieldHead}1\r\n--b--`],
  ])('are not to be hidden behind others: %s counts, too', async (_, head) => {
    const { stream, fields, reading } = start();
    stream.push(head);
    for (let sent = 0; sent <= 512; sent += 64) {
      stream.push('x'.repeat(64 * KIB));
      await turn();
    }
    stream.push(null);
    await expect(reading).rejects.toThrow('too long');
    fields.close();
    expect([processForms.held, processMemory.used]).toEqual([0, 0]);
  });

  it('count as well where the file of another part stands behind them', async () => {
    const { stream, fields, reading } = start();
    const pair = `${fieldHead}${'x'.repeat(60_000)}${fileHead('other')}o\r\n`;
    for (let pairs = 1; pairs <= 8; pairs += 1) {
      stream.push(pair);
      await turn();
      expect(processForms.held).toBeGreaterThan(pairs * 60_000);
    }
    stream.push(pair);
    await expect(reading).rejects.toThrow('too long');
    fields.close();
    expect([processForms.held, processMemory.used]).toEqual([0, 0]);
  });

  it('and headers that come byte by byte cost no more than at once', async () => {
    const { stream, fields } = start();
    const dribble = async (text: string) => {
      for (const byte of text) {
        stream.push(byte);
        await turn();
        await turn();
      }
    };
    await dribble(fieldHead + 'x'.repeat(3000));
    expect(processForms.held).toBeGreaterThan(3000);
    expect(processForms.held).toBeLessThan(10_000);
    await dribble(`\r\n--b\r\nX: ${'x'.repeat(3000)}`);
    expect(processForms.held).toBeGreaterThan(6000);
    expect(processForms.held).toBeLessThan(20_000);
    fields.close();
  });

  it('count for what they cost: letters of two bytes, and what is made of their JSON', async () => {
    const { stream, fields } = start();
    stream.push(`${fieldHead}${'x'.repeat(10_000)}€\r\n--b\r\n`);
    await turn();
    expect(processForms.held).toBeGreaterThan(20_000);
    const before = processForms.held;
    fields.setAll(Object.fromEntries(Array.from({ length: 1000 }, (_, at) => [`f${at}`, at])));
    expect(processForms.held - before).toBeGreaterThan(100_000);
    fields.close();
  });

  it('of a form that has come whole are given up for no other, and still count', async () => {
    const { stream, fields, reading } = start();
    stream.push(`${fieldHead}${'x'.repeat(10 * KIB)}${fileHead('file')}bytes\r\n--b--`);
    stream.push(null);
    const file = await reading;
    while (await file?.body.read());
    expect(processForms.held).toBe(0);
    expect(processMemory.used).toBeGreaterThan(10 * KIB);
    file?.body.close();
    fields.close();
    expect(processMemory.used).toBe(0);
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
      await turn();
      // As much as is worth a batch, for which it does not wait.
      if (piece % 4 === 3) await file?.body.read();
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
