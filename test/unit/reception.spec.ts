import { setTimeout as sleep } from 'node:timers/promises';
import { afterEach, beforeEach, expect, it } from 'vitest';
import type { Checksum } from '../../src/chunked-upload/checksum/checksum.js';
import { ChunkBody } from '../../src/chunked-upload/engine/chunk-body.js';
import { receive } from '../../src/chunked-upload/engine/reception.js';
import { Writer } from '../../src/chunked-upload/engine/writer.js';

const unheard: unknown[] = [];
const hear = (reason: unknown): void => void unheard.push(reason);
beforeEach(() => {
  unheard.length = 0;
  process.on('unhandledRejection', hear);
});
afterEach(() => {
  process.off('unhandledRejection', hear);
});

/** Fails at once with the first bytes. */
const failing = {
  resume: async () => ({
    update: async () => Promise.reject(new Error('no memory')),
    close: () => undefined,
  }),
} as unknown as Checksum;

it.each([
  ['while the storage still writes', async () => expect.fail('read back')],
  ['when the storage has written', null],
])('A checksum that fails %s is the failure of its request alone', async (_, readBack) => {
  const body = ChunkBody.from(Buffer.from('abc'));
  const lease = { token: 't', attempt: 1, contested: false, holder: null };
  const writer = new Writer('id', null, lease, body, 0);
  const target = {
    write: async () => {
      // Node takes the process down for a rejection of which nobody has heard by then.
      await sleep(20);
    },
    sync: async () => null,
    close: async () => undefined,
  };
  const chunk = { body, writer, checksumState: null, readBack, offset: 0, length: null };
  const rest = { digests: [], firstBytes: null, fieldName: 'file', mayBeEmpty: false };
  const input = { ...chunk, ...rest, checksum: failing, checkpoint: null };
  const received = receive(input, target, async () => expect.fail('committed'));
  await expect(received).rejects.toThrow('no memory');
  expect(unheard).toEqual([]);
});
