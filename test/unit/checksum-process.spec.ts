import { execFile } from 'node:child_process';
import { createHash } from 'node:crypto';
import { promisify } from 'node:util';
import { describe, expect, it } from 'vitest';

const MIB = 1024 * 1024;
const BUILD = new URL('../../dist/chunked-upload/checksum/checksum.js', import.meta.url).href;

const PREAMBLE = `
const { Checksum } = await import(${JSON.stringify(BUILD)});
const sleep = (ms) => new Promise((resolve) => setTimeout(resolve, ms));
const file = Buffer.alloc(${20 * MIB});
for (let at = 0; at < file.length; at += 4) file.writeUInt32LE(Math.imul(at, 0x9e3779b1) >>> 0, at);
const readBack = async (start, end) => [file.subarray(start, end)];
`;

/** Runs a script in a process of its own, which must end by itself; returns what it prints. */
async function runToItsEnd(script: string, ...args: string[]): Promise<string> {
  const source = `data:text/javascript,${encodeURIComponent(PREAMBLE + script)}`;
  const parameters = [...args, '--eval', `import(${JSON.stringify(source)})`];
  const { stdout } = await promisify(execFile)(process.execPath, parameters, { timeout: 120_000 });
  return stdout.trim();
}

function sumOfFile(size: number): string {
  const file = Buffer.alloc(size);
  for (let at = 0; at < size; at += 4) file.writeUInt32LE(Math.imul(at, 0x9e3779b1) >>> 0, at);
  return createHash('md5').update(file).digest('hex');
}

describe('A process that hashes', () => {
  it('ends by itself, with all of it hashed, in a thread', async () => {
    const printed = await runToItsEnd(`
      const native = (await import('node:crypto')).createHash('md5');
      const running = await new Checksum('md5').resume({ id: 'a', state: null, offset: 0 }, null);
      let end = 0;
      const isBehindAfterNext = async () => {
        const bytes = file.subarray(end % 1000, end % 1000 + ${MIB});
        await running.update([bytes]);
        native.update(bytes);
        end += bytes.length;
        return running.state(end).readBigUInt64BE(2 + 'md5'.length) < end;
      };
      // Until the thread is up, it is hashed where it is.
      while (!(await isBehindAfterNext())) await sleep(20);
      for (let more = 0; more < 10; more += 1) await isBehindAfterNext();
      // Nothing but the thread's answer keeps the process now.
      console.log((await running.digest()) === native.digest('hex'));
    `);
    expect(printed).toBe('true');
  });

  it('ends by itself with bytes still on their way', async () => {
    const printed = await runToItsEnd(`
      const running = await new Checksum('md5').resume({ id: 'a', state: null, offset: 0 }, null);
      await running.update([file.subarray(0, ${MIB})]);
      await sleep(300);
      await running.update([file.subarray(${MIB}, ${4 * MIB})]);
      const state = running.state(${4 * MIB});
      running.close({ offset: ${4 * MIB}, state });
      console.log('closed');
    `);
    expect(printed).toBe('closed');
  });

  it('goes on where another one stopped', async () => {
    const state = await runToItsEnd(`
      const running = await new Checksum('md5').resume({ id: 'a', state: null, offset: 0 }, null);
      await running.update([file.subarray(0, ${MIB})]);
      await sleep(300);
      await running.update([file.subarray(${MIB}, ${7 * MIB})]);
      console.log(running.state(${7 * MIB}).toString('hex'));
      process.exit();
    `);
    const sum = await runToItsEnd(`
      const checksum = new Checksum('md5');
      const row = { id: 'a', state: Buffer.from('${state}', 'hex'), offset: ${7 * MIB} };
      const running = await checksum.resume(row, readBack);
      await running.update([file.subarray(${7 * MIB})]);
      const next = { id: 'a', state: running.state(file.length), offset: file.length };
      running.close(next);
      console.log(await checksum.digest(next, null));
    `);
    expect(sum).toBe(sumOfFile(20 * MIB));
  });

  it('holds 14,000 uploads that wait for bytes, and others go on', async () => {
    const printed = await runToItsEnd(
      `
      const checksum = new Checksum('md5');
      const rows = 14_000;
      const open = [];
      const begin = (id) => checksum.resume({ id, state: null, offset: 0 }, null);
      open.push(await begin('first'));
      gc();
      const before = process.memoryUsage();
      for (let index = 0; index < rows; index += 1) {
        const running = await begin('id' + index);
        if (index % 2) await running.update([file.subarray(0, 1000)]);
        open.push(running);
      }
      gc();
      const used = ({ heapUsed, external }) => heapUsed + external;
      const each = (used(process.memoryUsage()) - used(before)) / rows;
      console.log(each < 2000 ? 'small' : 'large: ' + each);
      await open[0].update([file]);
      console.log(await open[0].digest());
    `,
      '--expose-gc',
    );
    expect(printed).toBe(`small\n${sumOfFile(20 * MIB)}`);
  });

  it('keeps some thousands of uploads between their chunks, in few bytes each', async () => {
    const printed = await runToItsEnd(
      `
      const { randomUUID } = await import('node:crypto');
      const checksum = new Checksum('md5');
      const used = () => (gc(), process.memoryUsage().heapUsed + process.memoryUsage().external);
      const chunk = async (id) => {
        const running = await checksum.resume({ id, state: null, offset: 0 }, null);
        await running.update([file.subarray(0, 1000)]);
        running.close({ offset: 1000, state: running.state(1000) });
      };
      await chunk('first');
      const before = used();
      for (let index = 0; index < 4000; index += 1) await chunk(randomUUID());
      await sleep(10);
      const each = (used() - before) / 4000;
      for (let index = 0; index < 10_000; index += 1) await chunk(randomUUID());
      await sleep(10);
      const all = used() - before;
      console.log(each < 1500 ? 'small' : 'large: ' + each, all < 4096 * 1500 ? 'bounded' : all);
    `,
      '--expose-gc',
    );
    expect(printed).toBe('small bounded');
  });

  it('without threads hashes all the same', async () => {
    const preload = `data:text/javascript,${encodeURIComponent(`
      import worker from 'node:worker_threads';
      import { syncBuiltinESMExports } from 'node:module';
      worker.Worker = class { constructor() { throw new Error('EAGAIN'); } };
      syncBuiltinESMExports();
    `)}`;
    const printed = await runToItsEnd(
      `
      const running = await new Checksum('md5').resume({ id: 'a', state: null, offset: 0 }, null);
      await running.update([file]);
      console.log(await running.digest());
    `,
      `--import=${preload}`,
    );
    expect(printed).toBe(sumOfFile(20 * MIB));
  });
});
