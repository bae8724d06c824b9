import { Readable } from 'node:stream';
import { setTimeout as sleep } from 'node:timers/promises';
import { describe, expect, it } from 'vitest';
import { ChunkedUploadError } from '../../src/chunked-upload/chunked-upload.errors.js';
import { ChunkBody } from '../../src/chunked-upload/engine/chunk-body.js';
import { MemoryBudget } from '../../src/chunked-upload/memory/memory-budget.js';

const MIB = 1024 * 1024;

const bytes = (length: number, value = 1) => Buffer.alloc(length, value);
const refusal = ChunkedUploadError.noChunk();

const refuse = (received: number) => ChunkedUploadError.sizeMismatch(received, 100);

async function readAll(body: ChunkBody): Promise<{ read: number; error: unknown }> {
  let read = 0;
  try {
    for (let batch = await body.read(); batch; batch = await body.read()) {
      for (const part of batch) read += part.length;
    }
    return { read, error: null };
  } catch (error) {
    return { read, error };
  }
}

async function* broken(length: number): AsyncGenerator<Uint8Array> {
  yield bytes(length);
  throw new Error('broken');
}

describe('ChunkBody', () => {
  it('of bytes has them all, and ends', async () => {
    expect(await readAll(ChunkBody.from(bytes(100)))).toEqual({ read: 100, error: null });
    expect(await readAll(ChunkBody.from(bytes(0)))).toEqual({ read: 0, error: null });
  });

  it('of a stream has them all, however many', async () => {
    const parts = Array.from({ length: 100 }, () => bytes(64 * 1024));
    const body = ChunkBody.from(Readable.from(parts));
    expect(await readAll(body)).toEqual({ read: 100 * 64 * 1024, error: null });
  });

  it('of a stream that has ended before is empty', async () => {
    const stream = Readable.from([]);
    stream.resume();
    await new Promise((resolve) => stream.on('close', resolve));
    expect(await readAll(ChunkBody.from(stream))).toEqual({ read: 0, error: null });
  });

  it('of a stream that was destroyed before is broken', async () => {
    const stream = new Readable();
    stream.destroy();
    const { read, error } = await readAll(ChunkBody.from(stream));
    expect({ read, error }).toEqual({ read: 0, error: expect.any(Error) });
  });

  it('that breaks gives what had come, then the error', async () => {
    const { read, error } = await readAll(ChunkBody.from(broken(100)));
    expect({ read, error }).toEqual({ read: 100, error: new Error('broken') });
  });

  it('that is refused gives nothing more', async () => {
    const body = new ChunkBody();
    body.push(bytes(100));
    body.fail(refusal);
    expect(await readAll(body)).toEqual({ read: 0, error: refusal });
  });

  it('is refused at the byte beyond its limit, whenever that was set', async () => {
    for (const late of [false, true]) {
      const body = new ChunkBody();
      if (!late) body.limitTo(100, refuse);
      body.push(bytes(100));
      body.push(bytes(1));
      body.push(bytes(50));
      if (late) body.limitTo(100, refuse);
      const { error } = await readAll(body);
      expect(error).toMatchObject({ code: 'size_mismatch' });
    }
  });

  it.each([
    ['has ended', (body: ChunkBody) => body.end()],
    ['has broken', (body: ChunkBody) => body.fail(new Error('broken'))],
  ])('is refused by a limit that is set after it %s', async (_, over) => {
    const body = new ChunkBody();
    body.push(bytes(101));
    over(body);
    body.limitTo(100, refuse);
    expect(await readAll(body)).toEqual({ read: 0, error: refuse(101) });
  });

  it('holds its source back while nobody reads, and lets it go on afterwards', async () => {
    const calls: string[] = [];
    const body = new ChunkBody();
    body.attach({ pause: () => calls.push('pause'), resume: () => calls.push('resume') });
    for (let sent = 0; sent < 32; sent += 1) body.push(bytes(64 * 1024));
    expect(calls).toEqual(['pause']);
    await sleep(20);
    expect(body.idleFor).toBe(0);
    await body.read();
    expect(calls, 'what is being written still counts').toEqual(['pause']);
    const before = performance.now();
    await body.read();
    expect(calls).toEqual(['pause', 'resume']);
    const { idleFor } = body;
    expect(idleFor, 'since it goes on').toBeLessThanOrEqual(performance.now() - before);
  });

  it('lets its source go on when it has failed', () => {
    const calls: string[] = [];
    const body = new ChunkBody();
    body.attach({ pause: () => calls.push('pause'), resume: () => calls.push('resume') });
    for (let sent = 0; sent < 64; sent += 1) body.push(bytes(64 * 1024));
    body.fail(refusal);
    expect(calls).toEqual(['pause', 'resume']);
  });

  it('knows only its first end', async () => {
    const body = new ChunkBody();
    body.push(bytes(10));
    body.end();
    body.fail(new Error('late'));
    body.push(bytes(10));
    expect(await readAll(body)).toEqual({ read: 10, error: null });
    expect(body.received).toBe(10);
  });

  it('wakes a reader that waits, or does so itself after a while', async () => {
    const body = new ChunkBody();
    const start = performance.now();
    expect(await body.read(30)).toEqual([]);
    expect(performance.now() - start).toBeGreaterThan(25);
    body.push(bytes(10));
    expect(await body.read(30), 'what is there by then').toEqual([bytes(10)]);
    body.end();
    expect(await body.read(30)).toBeNull();
  });

  it('never hands out more than a MiB at once, whatever comes', async () => {
    const body = new ChunkBody();
    for (const length of [3 * MIB + 1, 100, 400 * 1024, MIB]) body.push(bytes(length));
    body.end();
    const lengths: number[] = [];
    for (let batch = await body.read(); batch; batch = await body.read()) {
      lengths.push(batch.reduce((sum, { length }) => sum + length, 0));
    }
    expect(lengths.reduce((sum, length) => sum + length)).toBe(4 * MIB + 400 * 1024 + 101);
    expect(Math.max(...lengths)).toBeLessThanOrEqual(MIB);
  });

  it('wakes a reader that waits', async () => {
    const body = new ChunkBody();
    const reading = readAll(body);
    body.push(bytes(10));
    body.end();
    expect(await reading).toEqual({ read: 10, error: null });
  });
});

describe('A ChunkBody that is closed', () => {
  const MEMORY = 16 * MIB;

  it('gives back what it held, waiting or being written, and takes no more', async () => {
    const budget = new MemoryBudget(MEMORY);
    const calls: string[] = [];
    const body = new ChunkBody(budget);
    body.attach({ pause: () => calls.push('pause'), resume: () => calls.push('resume') });
    for (let sent = 0; sent < 32; sent += 1) body.push(bytes(64 * 1024));
    await body.read();
    expect(budget.used).toBe(2 * MIB);
    body.close();
    body.close();
    body.push(bytes(100));
    expect(budget.used).toBe(0);
    expect(calls, 'what is left may flow').toEqual(['pause', 'resume']);
    await expect(body.read()).rejects.toThrow('closed');
  });

  it('has given back what was read when it comes to its end, and when it is refused', async () => {
    for (const over of [(body: ChunkBody) => body.end(), (body: ChunkBody) => body.fail(refusal)]) {
      const budget = new MemoryBudget(MEMORY);
      const body = new ChunkBody(budget);
      body.push(bytes(10_000));
      over(body);
      await readAll(body);
      expect(budget.used).toBe(0);
    }
  });

  it('destroys the stream of a caller, and never one that is not its own', async () => {
    const own = new Readable({ read: () => undefined });
    ChunkBody.from(own).close();
    expect(own.destroyed).toBe(true);
    const request = new Readable({ read: () => undefined });
    ChunkBody.ofStream(request).close();
    expect(request.destroyed).toBe(false);
    const handedOver = Object.assign(new Readable({ read: () => undefined }), {
      httpVersion: '1.1',
      method: 'PUT',
    });
    ChunkBody.from(handedOver).close();
    expect(handedOver.destroyed).toBe(false);
    let ended = false;
    const endless = (async function* () {
      try {
        for (;;) yield bytes(100_000);
      } finally {
        ended = true;
      }
    })();
    const body = ChunkBody.from(endless);
    await body.read();
    body.close();
    await sleep(20);
    expect(ended).toBe(true);
  });

  it('wakes its reader', async () => {
    const body = new ChunkBody();
    const reading = body.read();
    body.close();
    await expect(reading).rejects.toThrow('closed');
  });
});
