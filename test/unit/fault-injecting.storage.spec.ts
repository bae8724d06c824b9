import { setTimeout as sleep } from 'node:timers/promises';
import type { StorageProvider, StorageWriter } from 'nestjs-chunked-upload';
import { FaultInjectingStorage, MemoryStorage } from 'nestjs-chunked-upload/testing';
import { beforeEach, describe, expect, it } from 'vitest';
import { openOptions, undisturbed } from '../support/open-options.js';

const file = { key: 'a/x.part', finalKey: 'a/x.done', storageState: null };
const failure = new Error('injected');

let inner: MemoryStorage;
let storage: FaultInjectingStorage;
beforeEach(() => {
  inner = new MemoryStorage();
  storage = new FaultInjectingStorage(inner);
});

async function written(): Promise<void> {
  const writer = await storage.open(file, openOptions());
  await writer.write([Buffer.from('abc')]);
  await writer.sync();
  await writer.close();
}

describe('FaultInjectingStorage', () => {
  it('fails the next call before it has done anything', async () => {
    await written();
    storage.failNext('finish', failure);
    await expect(storage.finish(file, 3, undisturbed)).rejects.toBe(failure);
    expect(await inner.holds({ ...file, key: 'none' }, 3)).toBe(false);
    await storage.finish(file, 3, undisturbed);
  });

  it('fails the next call after it took effect', async () => {
    await written();
    storage.failNext('finish', failure, 'after');
    await expect(storage.finish(file, 3, undisturbed)).rejects.toBe(failure);
    expect(await inner.holds({ ...file, key: 'none' }, 3)).toBe(true);
    await storage.finish(file, 3, undisturbed);
  });

  it('fails any call of one nth, before or after', async () => {
    const seen: string[] = [];
    storage.fault = (operation, nth) => void seen.push(`before ${operation} ${nth}`);
    storage.faultAfter = (operation, nth) => void seen.push(`after ${operation} ${nth}`);
    await written();
    for await (const _ of storage.list('')) seen.push('listed');
    expect(seen).toEqual([
      'before open 1',
      'after open 1',
      'before write 1',
      'after write 1',
      'before sync 1',
      'after sync 1',
      'before list 1',
      'listed',
      'after list 1',
    ]);
  });

  it.each(['before', 'after'] as const)(
    'lets the next call hang %s, then go on',
    async (moment) => {
      await written();
      const wake = storage.hangNext('remove', moment);
      let isOver = false;
      const removing = storage.remove(file).then(() => (isOver = true));
      await sleep(20);
      expect(isOver).toBe(false);
      expect(await inner.holds(file, 3)).toBe(moment === 'before');
      await storage.remove({ ...file, key: 'another' });
      wake();
      await removing;
      expect(await inner.holds(file, 3)).toBe(false);
    },
  );

  it('closes a writer that nobody gets', async () => {
    const closed: string[] = [];
    const writer = { close: async () => void closed.push('closed') } as unknown as StorageWriter;
    storage = new FaultInjectingStorage(Object.assign(inner, { open: async () => writer }));
    storage.failNext('open', failure, 'after');
    await expect(storage.open(file, openOptions())).rejects.toBe(failure);
    expect(closed).toEqual(['closed']);
  });

  it('has what the inner storage has, and no more', async () => {
    expect('readUnfinished' in storage && 'check' in storage).toBe(false);
    const less: StorageProvider = Object.assign(new MemoryStorage(), { readUnfinished: undefined });
    const poor = new FaultInjectingStorage(less);
    expect('readUnfinished' in poor || 'check' in poor).toBe(false);
    const finish = async () => null;
    const opened = { ...(await less.open(file, openOptions())), finish };
    const rich = Object.assign(less, { open: async () => opened, check: async () => 'a warning' });
    storage = new FaultInjectingStorage(rich);
    expect(await storage.check?.()).toBe('a warning');
    storage.failNext('finish', failure);
    const writer = await storage.open(file, openOptions());
    await expect(writer.finish?.()).rejects.toBe(failure);
    expect(await writer.finish?.()).toBeNull();
    expect('finish' in (await poor.open(file, openOptions()))).toBe(true);
  });

  it('fails what reads back, too', async () => {
    await written();
    storage.failNext('readUnfinished', failure, 'after');
    const range = { start: 0, end: 2 };
    await expect(storage.readUnfinished?.(file, range)).rejects.toBe(failure);
    const stream = await storage.readUnfinished?.(file, range);
    expect(Buffer.concat((await stream?.toArray()) ?? []).toString()).toBe('abc');
  });
});
