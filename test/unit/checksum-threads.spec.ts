import { createHash, randomBytes, randomUUID } from 'node:crypto';
import { Worker } from 'node:worker_threads';
import { afterEach, describe, expect, it, vi } from 'vitest';
import { decodeState } from '../../src/chunked-upload/checksum/checksum-state.js';
import { Checksum, MOST_BEHIND } from '../../src/chunked-upload/checksum/checksum.js';
import { HashingThreads } from '../../src/chunked-upload/checksum/hashing-threads.js';
import { SLAB_BYTES, SlabPool } from '../../src/chunked-upload/checksum/slab-pool.js';
import { WorkerDouble, realThreads, threadsOf } from './hashing-worker.double.js';
import { until } from '../support/waiting.js';

const KIB = 1024;
const MIB = 1024 * KIB;

const file = randomBytes(24 * MIB);
const sumOf = (bytes: Buffer) => createHash('md5').update(bytes).digest('hex');
const beginning = () => ({ id: randomUUID(), state: null, offset: 0 });
const tick = () => new Promise((resolve) => setTimeout(resolve, 10));

async function isSettled(promise: Promise<unknown>): Promise<boolean> {
  const pending = Symbol('pending');
  return (await Promise.race([promise, tick().then(() => pending)])) !== pending;
}

afterEach(() => {
  vi.restoreAllMocks();
});

describe('A slow thread', () => {
  it('is waited for only where a state would be more than MOST_BEHIND behind', async () => {
    const worker = new WorkerDouble();
    // Slabs enough: it is not they that are waited for.
    const { threads } = threadsOf(worker, new SlabPool(64));
    const running = await new Checksum('md5', threads).resume(beginning(), null);
    let handedOver = 0;
    const behind = (durable: number) => {
      const state = running.state(durable);
      return durable - (state ? decodeState(state, 'md5', -1)!.position : 0);
    };
    let waited = 0;
    const sizes = [MIB, 300 * KIB, 1000, 777 * KIB, 2 * MIB, 5, 3 * MIB, 150 * KIB];
    for (let index = 0; handedOver < 20 * MIB; index += 1) {
      const size = sizes[index % sizes.length]!;
      const update = running.update([file.subarray(handedOver, handedOver + size)]);
      if (!(await isSettled(update))) {
        waited += 1;
        // It would have been too much, within a slab.
        expect(behind(handedOver) + size).toBeGreaterThan(MOST_BEHIND - SLAB_BYTES);
        while (!(await isSettled(update))) await worker.work();
      }
      handedOver += size;
      expect(behind(handedOver)).toBeLessThanOrEqual(MOST_BEHIND);
    }
    expect(waited).toBeGreaterThan(3);
    expect(await worker.workWhile(running.digest())).toBe(sumOf(file.subarray(0, handedOver)));
    expect(behind(handedOver)).toBe(0);
  });

  it('gets whole batches in one message, and small ones together', async () => {
    const worker = new WorkerDouble();
    const running = await new Checksum('md5', threadsOf(worker).threads).resume(beginning(), null);
    await running.update([file.subarray(0, MIB)]);
    expect(worker.jobs.map((job) => job.slabs.length)).toEqual([4]);
    await running.update([file.subarray(MIB, 2 * MIB)]);
    expect(worker.jobs.map((job) => job.slabs.length)).toEqual([4, 4]);
    for (let at = 2 * MIB; at < 2 * MIB + 200 * KIB; at += 2 * KIB) {
      await running.update([file.subarray(at, at + 2 * KIB)]);
    }
    expect(worker.jobs).toHaveLength(2);
    await worker.work();
    expect(worker.jobs.map((job) => job.slabs.length)).toEqual([4, 1]);
    const end = 2 * MIB + 200 * KIB;
    expect(await worker.workWhile(running.digest())).toBe(sumOf(file.subarray(0, end)));
    // Caught up, and little comes: hashed where it is.
    await running.update([file.subarray(end, end + 1000)]);
    expect(worker.jobsSeen).toBe(3);
  });

  it('goes on beside the next request, which takes over what is on its way', async () => {
    const worker = new WorkerDouble();
    const checksum = new Checksum('md5', threadsOf(worker).threads);
    const begun = beginning();
    const first = await checksum.resume(begun, null);
    await first.update([file.subarray(0, 3 * MIB)]);
    const state = first.state(3 * MIB);
    expect(decodeState(state!, 'md5', -1)!.position).toBe(0);
    first.close({ offset: 3 * MIB, state });
    // Nothing is read back: it is here.
    const second = await checksum.resume({ id: begun.id, state, offset: 3 * MIB }, null);
    await second.update([file.subarray(3 * MIB, 4 * MIB)]);
    expect(await worker.workWhile(second.digest())).toBe(sumOf(file.subarray(0, 4 * MIB)));
  });

  it('keeps the process only while something is on its way', async () => {
    const worker = new WorkerDouble();
    const running = await new Checksum('md5', threadsOf(worker).threads).resume(beginning(), null);
    expect(worker.referenced).toBe(false);
    await running.update([file.subarray(0, MIB)]);
    expect(worker.referenced).toBe(true);
    await worker.work();
    expect(worker.referenced).toBe(false);
  });
});

describe('Shared memory', () => {
  it('of a few slabs is enough for a hundred uploads at once, and comes back', async () => {
    const threads = await realThreads(1);
    const slabs = new SlabPool(8);
    Object.assign(threads, { slabs });
    const checksum = new Checksum('md5', threads);
    const sums = await Promise.all(
      Array.from({ length: 100 }, async (_, index) => {
        const running = await checksum.resume(beginning(), null);
        const bytes = file.subarray(index * 1000, index * 1000 + MIB + index);
        await running.update([bytes]);
        await running.update([bytes.subarray(0, 130 * KIB)]);
        // Some give up on the way.
        if (index % 3 === 0) return running.close(null);
        const right = sumOf(Buffer.concat([bytes, bytes.subarray(0, 130 * KIB)]));
        return expect(await running.digest()).toBe(right);
      }),
    );
    expect(sums).toHaveLength(100);
    await until('all of them have come back', () => {
      const taken = Array.from({ length: 9 }, () => slabs.take()).filter((slab) => slab !== null);
      slabs.give(taken);
      return taken.length === 8;
    });
  });

  it('is given to who waits, first come, first served: a fast upload does not starve others', async () => {
    const worker = new WorkerDouble();
    const { threads } = threadsOf(worker, new SlabPool(8));
    const checksum = new Checksum('md5', threads);
    const greedy = await checksum.resume(beginning(), null);
    const modest = await checksum.resume(beginning(), null);
    const all = greedy.update([file]);
    await tick();
    const little = modest.update([file.subarray(0, 150 * KIB)]);
    expect(await isSettled(little)).toBe(false);
    await worker.work();
    expect(await isSettled(little)).toBe(true);
    expect(await isSettled(all)).toBe(false);
    await worker.workWhile(all);
    expect(await worker.workWhile(greedy.digest())).toBe(sumOf(file));
    expect(await worker.workWhile(modest.digest())).toBe(sumOf(file.subarray(0, 150 * KIB)));
  });

  it('comes back from uploads that were given up while they waited for it', async () => {
    const worker = new WorkerDouble();
    const { threads, slabs } = threadsOf(worker, new SlabPool(4));
    const checksum = new Checksum('md5', threads);
    const running = await checksum.resume(beginning(), null);
    const update = running.update([file]);
    const other = await checksum.resume(beginning(), null);
    const waiting = other.update([file]);
    await tick();
    running.close(null);
    other.close(null);
    const given = Promise.allSettled([update, waiting]);
    expect((await worker.workWhile(given)).map(({ status }) => status)).toEqual([
      'rejected',
      'rejected',
    ]);
    while (await worker.work());
    expect(Array.from({ length: 5 }, () => slabs.take()).filter(Boolean)).toHaveLength(4);
  });
});

describe('Without a thread', () => {
  it('hashing goes on where it is: the constructor throws', async () => {
    let attempts = 0;
    const threads = new HashingThreads(() => {
      attempts += 1;
      throw Object.assign(new Error('EAGAIN'), { code: 'ERR_WORKER_INIT_FAILED' });
    }, 4);
    const running = await new Checksum('md5', threads).resume(beginning(), null);
    for (let at = 0; at < file.length; at += 4 * MIB) {
      await running.update([file.subarray(at, at + 4 * MIB)]);
      expect(decodeState(running.state(at + 4 * MIB)!, 'md5', -1)!.position).toBe(at + 4 * MIB);
    }
    expect(await running.digest()).toBe(sumOf(file));
    expect(attempts).toBe(1);
    vi.spyOn(performance, 'now').mockReturnValue(performance.now() + 60_000);
    threads.free();
    expect(attempts).toBe(2);
  });

  it('hashing goes on where it is: the file of the worker is lost', async () => {
    const gone = new URL('file:///nowhere/hashing-thread.worker.js');
    let attempts = 0;
    const threads = new HashingThreads(() => {
      attempts += 1;
      return new Worker(gone);
    }, 4);
    const checksum = new Checksum('md5', threads);
    for (let round = 0; round < 5; round += 1) {
      const running = await checksum.resume(beginning(), null);
      await running.update([file.subarray(0, 8 * MIB)]);
      await tick();
      await running.update([file.subarray(8 * MIB, 12 * MIB)]);
      expect(await running.digest()).toBe(sumOf(file.subarray(0, 12 * MIB)));
    }
    expect(attempts).toBe(1);
  });

  it('a batch of any size does not keep others waiting', async () => {
    const threads = new HashingThreads(() => {
      throw new Error('none');
    });
    const running = await new Checksum('sha256', threads).resume(beginning(), null);
    let turns = 0;
    const timer = setInterval(() => (turns += 1), 1);
    await running.update([file]);
    clearInterval(timer);
    expect(turns).toBeGreaterThan(5);
  });
});

describe('A thread that dies', () => {
  it('in the middle: what it had not answered is hashed again', async () => {
    for (const answered of [0, 1, 2, 3]) {
      const worker = new WorkerDouble();
      const { threads, slabs } = threadsOf(worker, new SlabPool(16));
      const checksum = new Checksum('md5', threads);
      const some = await Promise.all([1, 2, 3].map(() => checksum.resume(beginning(), null)));
      const updates = some.map(async (running) => {
        await running.update([file.subarray(0, 2 * MIB)]);
        await running.update([file.subarray(2 * MIB, 2 * MIB + 10)]);
        await running.update([file.subarray(2 * MIB + 10, 3 * MIB)]);
      });
      await tick();
      for (let jobs = 0; jobs < answered; jobs += 1) await worker.work();
      worker.die();
      await Promise.all(updates);
      const right = sumOf(file.subarray(0, 3 * MIB));
      for (const running of some) expect(await running.digest()).toBe(right);
      expect(Array.from({ length: 17 }, () => slabs.take()).filter(Boolean)).toHaveLength(16);
    }
  });

  it('late answers of it count no more', async () => {
    const worker = new WorkerDouble();
    const { threads } = threadsOf(worker);
    const running = await new Checksum('md5', threads).resume(beginning(), null);
    await running.update([file.subarray(0, 2 * MIB)]);
    worker.die();
    await worker.work();
    await running.update([file.subarray(2 * MIB, 3 * MIB)]);
    expect(await running.digest()).toBe(sumOf(file.subarray(0, 3 * MIB)));
  });

  it('leaves its work to another, and is replaced after a pause', async () => {
    const workers: WorkerDouble[] = [];
    const threads = new HashingThreads(() => {
      const worker = new WorkerDouble();
      workers.push(worker);
      return worker;
    }, 2);
    const checksum = new Checksum('md5', threads);
    threads.free();
    workers[0]!.comeUp();
    const one = await checksum.resume(beginning(), null);
    const two = await checksum.resume(beginning(), null);
    await one.update([file.subarray(0, MIB)]);
    await two.update([file.subarray(0, MIB)]);
    // There is work for a second.
    expect(workers).toHaveLength(2);
    workers[1]!.comeUp();
    workers[0]!.die();
    expect(workers[1]!.jobs).toHaveLength(2);
    expect(await workers[1]!.workWhile(one.digest())).toBe(sumOf(file.subarray(0, MIB)));
    expect(await workers[1]!.workWhile(two.digest())).toBe(sumOf(file.subarray(0, MIB)));
    await one.update([file.subarray(0, MIB)]);
    threads.free();
    expect(workers).toHaveLength(2);
    vi.spyOn(performance, 'now').mockReturnValue(performance.now() + 60_000);
    threads.free();
    expect(workers).toHaveLength(3);
  });

  it('for real: killed again and again while many hash', async () => {
    const workers: Worker[] = [];
    const threads = await realThreads(2, (worker) => workers.push(worker));
    const checksum = new Checksum('md5', threads);
    const sums = Promise.all(
      Array.from({ length: 20 }, async (_, index) => {
        const running = await checksum.resume(beginning(), null);
        for (let at = 0; at < 12 * MIB; at += MIB) {
          await running.update([file.subarray(at, at + MIB - index)]);
        }
        return running.digest();
      }),
    );
    await tick();
    await tick();
    for (const worker of workers) await worker.terminate();
    const right = (index: number) => {
      const hash = createHash('md5');
      for (let at = 0; at < 12 * MIB; at += MIB) hash.update(file.subarray(at, at + MIB - index));
      return hash.digest('hex');
    };
    expect(await sums).toEqual(Array.from({ length: 20 }, (_, index) => right(index)));
  });
});
