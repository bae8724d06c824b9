import { Readable } from 'node:stream';
import { setTimeout as sleep } from 'node:timers/promises';
import { describe, expect, it, vi } from 'vitest';
import { bytesOf } from '../../src/chunked-upload/storage/s3/object-bytes.js';

describe('The bytes of an object', () => {
  it('are given up when none comes for long, but not while nobody wants any', async () => {
    vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout'] });
    try {
      const body = new Readable({ read: () => undefined });
      const moved = vi.fn<() => void>();
      const bytes = bytesOf(body, { moved });
      body.push(Buffer.from('abc'));
      expect(String((await bytes.next()).value)).toBe('abc');
      expect(moved).toHaveBeenCalledOnce();
      await vi.advanceTimersByTimeAsync(60_000);
      expect(body.destroyed).toBe(false);
      const next = bytes.next().catch((error: unknown) => error);
      await vi.advanceTimersByTimeAsync(10_000);
      expect(await next).toMatchObject({ message: 'The store stopped sending' });
    } finally {
      vi.useRealTimers();
    }
  });

  it('are given up when nobody wants them any more', async () => {
    const end = new AbortController();
    const body = new Readable({ read: () => undefined });
    const next = bytesOf(body, { signal: end.signal }).next();
    expect(await Promise.race([next, sleep(20, 'it waits')])).toBe('it waits');
    end.abort();
    await expect(next).rejects.toThrow('Nobody wants');
    expect(body.destroyed).toBe(true);
  });
});
