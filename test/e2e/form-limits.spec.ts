import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type Host, startHost } from '../support/host.js';
import { expectInTime } from '../support/in-time.js';
import { RawConnection } from '../support/raw-connection.js';
import { storedFiles } from '../support/stored-files.js';
import { UploadClient } from '../support/upload-client.js';
import { processorTime, until } from '../support/waiting.js';

// What costs more processor time, or more memory, than it costs its sender.

const KIB = 1024;
const MIB = 1024 * KIB;

let host: Host;
let ann: UploadClient;

beforeAll(async () => {
  // The least that may be: 1.5 MiB of it for all forms. No parser of the host reads them before us.
  host = await startHost({ upload: { memory: 32 * MIB }, nest: { bodyParser: false } });
  ann = new UploadClient(`${host.url}/uploads`);
});
afterAll(() => host.close());

const range = { 'content-range': 'bytes 0-99/300' };
const field = (name: string, value: string) =>
  `--b\r\nContent-Disposition: form-data; name="${name}"\r\n\r\n${value}\r\n`;
const filePart = (boundary = 'b') =>
  `--${boundary}\r\nContent-Disposition: form-data; name="file"; filename="a"\r\n\r\n` +
  `${'x'.repeat(100)}\r\n--${boundary}--\r\n`;

function put(form: string, boundary = 'b') {
  const headers = { ...range, 'content-type': `multipart/form-data; boundary=${boundary}` };
  return ann.send('PUT', { headers }, form);
}

/** Refused with this sentence, and nothing of it left. */
async function refused(sending: ReturnType<typeof put>, sentence: RegExp | string): Promise<void> {
  const before = (await ann.list()).length;
  const answer = await sending;
  expect(answer.status).toBe(400);
  expect(answer.detail).toMatch(sentence);
  expect((await ann.list()).length).toBe(before);
}

describe('A form with a file', () => {
  it('has a boundary of at most 70 characters (RFC 2046)', async () => {
    const longest = 'b'.repeat(70);
    expect((await put(filePart(longest), longest)).status).toBe(200);
    expect((await put(filePart(longest), `"${longest}"`)).status).toBe(200);
    for (const length of [71, 500, 14_000]) {
      const boundary = 'b'.repeat(length);
      await refused(put(filePart(boundary), boundary), 'at most 70 characters');
      await refused(put(filePart(boundary), `"${boundary}"`), 'at most 70 characters');
    }
  });

  it('has at most 100 fields', async () => {
    const fields = (count: number) =>
      Array.from({ length: count }, (_, index) => field(`f${index}`, '1')).join('');
    expect((await put(fields(100) + filePart())).status).toBe(200);
    await refused(put(fields(101) + filePart()), 'too many fields');
    await refused(put(fields(5000) + filePart()), 'too many');
  });

  it('has at most 200 parts', async () => {
    const part = '--b\r\nContent-Disposition: form-data; name="other"; filename="o"\r\n\r\n1\r\n';
    expect((await put(part.repeat(100) + filePart())).status).toBe(200);
    await refused(put(part.repeat(250) + filePart()), 'too many parts');
  });

  it('has fields of less than 64 KiB each, of about 512 KiB together', async () => {
    const fields = (count: number, bytes: number) =>
      Array.from({ length: count }, (_, index) => field(`f${index}`, 'x'.repeat(bytes))).join('');
    expect((await put(fields(1, 64 * KIB - 1) + filePart())).status).toBe(200);
    await refused(put(fields(1, 64 * KIB) + filePart()), 'too long');
    expect((await put(fields(8, 50 * KIB) + filePart())).status).toBe(200);
    await refused(put(fields(12, 50 * KIB) + filePart()), 'too long');
  });

  it('may have other files of any size before and after it', async () => {
    const other = (bytes: number) =>
      `--b\r\nContent-Disposition: form-data; name="other"; filename="o"\r\n\r\n${'x'.repeat(bytes)}\r\n`;
    const form = other(3 * MIB) + filePart().replace('--b--\r\n', other(3 * MIB)) + '--b--\r\n';
    expect((await put(form)).status).toBe(200);
  });

  it('has headers of less than 16 KiB in each part', async () => {
    const header = (bytes: number) => `--b\r\nX-Long: ${'x'.repeat(bytes)}\r\n`;
    const rest = filePart().replace('--b\r\n', '');
    expect((await put(header(10 * KIB) + rest)).status).toBe(200);
    await refused(put(header(17 * KIB) + rest), 'not well-formed');
  });
});

describe('A form without a file', () => {
  const post = (type: string, body: string) =>
    ann.send('POST', { headers: { 'content-type': type } }, body);

  it('has at most 64 KiB', async () => {
    for (const type of ['application/json', 'application/x-www-form-urlencoded']) {
      await refused(post(type, 'x'.repeat(64 * KIB + 1)), 'at most 65536 bytes');
    }
  });

  it('has at most 1,000 fields', async () => {
    const type = 'application/x-www-form-urlencoded';
    await refused(post(type, 'a=1&'.repeat(999) + 'a=1'), 'No chunk file');
    await refused(post(type, 'a=1&'.repeat(1000) + 'a=1'), 'too many fields');
  });

  it.each([
    ['deep arrays', '['.repeat(32 * KIB) + ']'.repeat(32 * KIB)],
    ['deep objects', '{"a":'.repeat(10 * KIB) + '1' + '}'.repeat(10 * KIB)],
    ['many names', `{${Array.from({ length: 6000 }, (_, index) => `"${index}":1`).join(',')}}`],
    ['no end', '['.repeat(64 * KIB)],
  ])('costs little time: %s', async (_, json) => {
    const ms = await processorTime(async () => {
      expect((await post('application/json', json)).status).toBe(400);
    });
    expectInTime(ms, 1000);
  });
});

describe('Forms whose senders are silent', () => {
  const headers = {
    ...range,
    'content-type': 'multipart/form-data; boundary=b',
    'content-length': 10_000_000,
  };

  it('are given up for others, those that are silent for longest first', async () => {
    const fields = Array.from({ length: 7 }, (_, at) => field(`f${at}`, 'x'.repeat(60_000))).join(
      '',
    );
    const silent: RawConnection[] = [];
    for (let form = 0; form < 8; form += 1) {
      const connection = await RawConnection.put(host.url, headers, '/uploads');
      await connection.write(fields);
      silent.push(connection);
    }
    const [longest, ...others] = silent as [RawConnection, ...RawConnection[]];
    expect(await longest.answer()).toMatchObject({
      status: 503,
      headers: { 'retry-after': '2' },
      json: { detail: 'Too many forms are being sent at once' },
    });
    expect((await put(fields + filePart())).status).toBe(200);
    for (const connection of others.slice(0, 3)) {
      expect((await connection.answer()).status).toBe(503);
    }
    for (const connection of silent) connection.destroy();
    const { length } = await storedFiles(host.root);
    await until('the memory is free', async () => (await put(filePart())).status === 200);
    expect((await storedFiles(host.root)).length).toBeGreaterThan(length);
  });

  it('break off no upload that says little, however long its file takes', async () => {
    const long = { ...headers, 'content-range': 'bytes 0-99/100' };
    const form = field('filename', 'honest.bin') + filePart();
    const honest = await RawConnection.put(
      host.url,
      { ...long, 'content-length': form.length },
      '/uploads',
    );
    await honest.write(form.slice(0, -60));
    const fields = Array.from({ length: 7 }, (_, at) => field(`f${at}`, 'x'.repeat(60_000))).join(
      '',
    );
    const crowd: RawConnection[] = [];
    for (let at = 0; at < 8; at += 1) {
      const connection = await RawConnection.put(host.url, headers, '/uploads');
      // Fields alone, and with a file that has begun.
      await connection.write(at % 2 === 0 ? fields : fields + filePart().slice(0, -40));
      crowd.push(connection);
    }
    // Those that are silent for longest; on a busy machine these need not be the first.
    const givenUp: unknown[] = [];
    for (const connection of crowd) {
      void connection.answer().then(
        ({ status, headers: said }) => givenUp.push([status, said['retry-after']]),
        () => undefined,
      );
    }
    await until('room is made', () => givenUp.length >= 4);
    expect(new Set(givenUp.map(String))).toEqual(new Set(['503,2']));
    await honest.write(form.slice(-60));
    expect(await honest.answer()).toMatchObject({ status: 200, json: { offset: 100 } });
    for (const connection of [honest, ...crowd]) connection.destroy();
  });

  it('keep what has arrived of a file that has begun', async () => {
    const fields = Array.from({ length: 7 }, (_, at) => field(`f${at}`, 'x'.repeat(60_000))).join(
      '',
    );
    const long = { ...headers, 'content-range': 'bytes 0-999999/1000000' };
    const begun = await RawConnection.put(host.url, long, '/uploads');
    const silent: RawConnection[] = [];
    const name = field('filename', 'kept.bin');
    await begun.write(name + fields + filePart().slice(0, -30));
    await until('it has begun', async () => {
      const connection = await RawConnection.put(host.url, headers, '/uploads');
      await connection.write(fields);
      silent.push(connection);
      await new Promise((resolve) => setTimeout(resolve, 50));
      return (await ann.list()).some(({ filename }) => filename === 'kept.bin');
    });
    expect(await begun.answer()).toMatchObject({
      status: 503,
      headers: { 'retry-after': '2' },
      json: { detail: 'Too many forms are being sent at once' },
    });
    const kept = (await ann.list()).find(({ filename }) => filename === 'kept.bin');
    expect(kept?.offset).toBeGreaterThan(0);
    for (const connection of [begun, ...silent]) connection.destroy();
  });
});
