import { Readable } from 'node:stream';
import { describe, expect, it, vi } from 'vitest';
import { PAGE_BYTES, StoreMemory } from '../../src/chunked-upload/memory/store-memory.js';
import { PieceStore } from '../../src/chunked-upload/storage/s3/piece-store.js';
import type { S3Bucket } from '../../src/chunked-upload/storage/s3/s3-bucket.js';

const PIECE = { offset: 0, size: 2 * PAGE_BYTES, token: 't'.repeat(22) };

/** A store whose objects are these bytes. */
function storeOf(memory: StoreMemory, open: () => Readable | null): PieceStore {
  const bucket = {
    put: async () => undefined,
    head: async () => null,
    get: async () => {
      const body = open();
      return body && { body, length: PIECE.size, etag: '', identity: null };
    },
  };
  return new PieceStore(bucket as unknown as S3Bucket, memory);
}

async function* trickle(everyMs: number): AsyncGenerator<Buffer> {
  for (let sent = 0; sent < PIECE.size; sent += 1024) {
    await new Promise((resolve) => {
      setTimeout(resolve, everyMs);
    });
    yield Buffer.alloc(1024);
  }
}

describe('The pieces that are in memory', () => {
  it('do not seem to be there where their room was wanted at once', async () => {
    const memory = new StoreMemory(2 * PAGE_BYTES);
    const store = storeOf(memory, () => null);
    const pages = memory.spare(2) ?? [];
    const other = memory.open(() => undefined);
    const waiting = other.take();
    memory.sends(2);
    await store.put('a', PIECE, { pages, length: PIECE.size, md5: '0'.repeat(32) }, {});
    memory.give([await waiting]);
    await expect(store.require('a', PIECE, {})).rejects.toMatchObject({ code: 'bytes_missing' });
  });

  it('are read for a limited time, and tell of their progress', async () => {
    vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout'] });
    try {
      const memory = new StoreMemory(2 * PAGE_BYTES);
      const moved = vi.fn<() => void>();
      const body = Readable.from(trickle(4000));
      const store = storeOf(memory, () => body);
      let isOver = false;
      const required = store.require('a', PIECE, { moved }).finally(() => {
        isOver = true;
      });
      await vi.advanceTimersByTimeAsync(9000);
      expect(moved).toHaveBeenCalledTimes(2);
      expect(isOver).toBe(false);
      await vi.advanceTimersByTimeAsync(4000);
      await required;
      expect(body.destroyed).toBe(true);
      expect(memory.spare(2)).toHaveLength(2);
    } finally {
      vi.useRealTimers();
    }
  });
});
