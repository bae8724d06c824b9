import { Readable } from 'node:stream';
import { setTimeout as sleep } from 'node:timers/promises';
import { FaultInjectingStorage, MemoryStorage } from 'nestjs-chunked-upload/testing';
import { beforeEach, describe, expect, it } from 'vitest';
import { tellProgress } from '../../src/chunked-upload/storage/call-progress.js';
import {
  isStorageTimeout,
  limitedStorage,
} from '../../src/chunked-upload/storage/limited-storage.js';
import type {
  StorageProvider,
  StorageWriter,
  StoredBytes,
} from '../../src/chunked-upload/storage/storage.provider.js';
import { expectInTime } from '../support/in-time.js';
import { openOptions } from '../support/open-options.js';
import { until } from '../support/waiting.js';

const file = { key: 'a/x.part', finalKey: 'a/x.done', storageState: null };

let inner: FaultInjectingStorage;
let closed: number;
let storage: StorageProvider;
beforeEach(() => {
  closed = 0;
  const memory = new MemoryStorage();
  const open: MemoryStorage['open'] = async (...both) => {
    const writer = await MemoryStorage.prototype.open.apply(memory, both);
    return { ...writer, close: async () => void (closed += 1) };
  };
  inner = new FaultInjectingStorage(Object.assign(memory, { open }));
  storage = limitedStorage(inner, 50);
});

async function timesOut(call: Promise<unknown>): Promise<void> {
  const error = await call.then(
    () => null,
    (reason: unknown) => reason,
  );
  expect(isStorageTimeout(error)).toBe(true);
}

describe('A storage with a time limit', () => {
  it('gives up a call that hangs, of its own and of its writers', async () => {
    const writer = await storage.open(file, openOptions());
    const wakes = [inner.hangNext('write')];
    await timesOut(writer.write([Buffer.from('abc')]));
    wakes.push(inner.hangNext('holds'));
    await timesOut(storage.holds(file, 3));
    for (const wake of wakes) wake();
  });

  it('closes a writer that is opened too late', async () => {
    const wake = inner.hangNext('open', 'after');
    await timesOut(storage.open(file, openOptions()));
    expect(closed).toBe(0);
    wake();
    await until('the writer closed', () => closed === 1);
  });

  it('lets a writer take as long as it gets on, and no longer', async () => {
    let movedAt = 0;
    let end: () => void = () => undefined;
    const working = new Promise<void>((resolve) => {
      end = resolve;
    });
    const writer = { write: () => working, sync: async () => null, close: async () => undefined };
    tellProgress(writer, () => movedAt);
    const memory = new MemoryStorage();
    const slow = limitedStorage(Object.assign(memory, { open: async () => writer }), 100);
    const moving = setInterval(() => {
      movedAt = performance.now();
    }, 10);
    const first = (await slow.open(file, openOptions())).write([]);
    await sleep(400);
    end();
    await first;
    writer.write = () => new Promise(() => undefined);
    const second = (await slow.open(file, openOptions())).write([]);
    await sleep(200);
    clearInterval(moving);
    await timesOut(second);
  });

  it('lets nothing take longer than the limit once its writer is asked to stop', async () => {
    const stop = new AbortController();
    const never = new Promise<never>(() => undefined);
    const writer = { write: () => never, sync: async () => null, close: async () => undefined };
    tellProgress(writer, () => performance.now());
    let opening: Promise<StorageWriter> = Promise.resolve(writer);
    const open = () => opening;
    storage = limitedStorage(Object.assign(new MemoryStorage(), { open }), 50);
    const options = openOptions({ signal: stop.signal });
    const writing = (await storage.open(file, options)).write([]);
    opening = never;
    // As long as ten GB take to be copied.
    const contested = { offset: 10_000_000_000, attempt: 2, contested: true };
    const copying = storage.open(file, { ...options, ...contested });
    expect(await Promise.race([writing, copying, sleep(250, 'both go on')])).toBe('both go on');
    const stopped = performance.now();
    stop.abort();
    await Promise.all([timesOut(writing), timesOut(copying)]);
    expect(performance.now() - stopped).toBeGreaterThan(45);
    expectInTime(performance.now() - stopped, 2000);
  });

  it('tells a storage that nobody waits for its writer any more', async () => {
    let given: AbortSignal | undefined;
    const open: MemoryStorage['open'] = async (_, { signal }) => {
      given = signal;
      return new Promise(() => undefined);
    };
    storage = limitedStorage(Object.assign(new MemoryStorage(), { open }), 50);
    const opening = storage.open(file, openOptions());
    expect(given?.aborted).toBe(false);
    await timesOut(opening);
    expect(given?.aborted).toBe(true);
  });

  it('has the patience to copy what is contested', async () => {
    const size = 5_000_000;
    const first = await storage.open(file, openOptions());
    await first.write([Buffer.alloc(size)]);
    const wake = inner.hangNext('open');
    const later = openOptions({ offset: size, attempt: 2, contested: true });
    const opening = storage.open(file, later);
    await sleep(150);
    wake();
    await (await opening).close();
  });

  it.each(['createReadStream', 'readUnfinished'] as const)(
    'closes a stream that %s opens too late',
    async (operation) => {
      const stream = new Readable({ read: () => undefined });
      let open = (): void => undefined;
      const opening = new Promise<Readable>((resolve) => {
        open = () => resolve(stream);
      });
      storage = limitedStorage(
        Object.assign(new MemoryStorage(), { [operation]: () => opening }),
        50,
      );
      await timesOut(storage[operation]?.(file, { start: 0, end: 1 }) ?? Promise.resolve());
      open();
      await until('it is closed', () => stream.destroyed);
    },
  );

  it('ends a listing that hung in a step as soon as it goes on', async () => {
    let goOn = (): void => undefined;
    const held = new Promise<void>((resolve) => {
      goOn = resolve;
    });
    let ended = false;
    async function* list(): AsyncGenerator<StoredBytes> {
      try {
        await held;
        yield { key: 'a', size: 1, modifiedAt: new Date() };
      } finally {
        ended = true;
      }
    }
    storage = limitedStorage(Object.assign(new MemoryStorage(), { list }), 50);
    await timesOut(storage.list('')[Symbol.asyncIterator]().next());
    goOn();
    await until('it has ended', () => ended);
  });
});
