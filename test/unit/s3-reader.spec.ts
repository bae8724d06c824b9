import { Readable } from 'node:stream';
import { describe, expect, it } from 'vitest';
import type { S3Bucket } from '../../src/chunked-upload/storage/s3/s3-bucket.js';
import { S3Reading } from '../../src/chunked-upload/storage/s3/s3-reader.js';
import { sample } from '../support/upload-client.js';
import { until } from '../support/waiting.js';

const file = sample(300_000);
const PIECE = 10_000;

/** A store with one object, and the connections on which it was sent. */
class OneObject {
  readonly sent: Readable[] = [];

  async get(_: string, { start, end }: { start: number; end: number }) {
    let at = start;
    const body = new Readable({
      read() {
        const to = Math.min(at + PIECE, end + 1);
        this.push(at > end ? null : file.subarray(at, to));
        at = to;
      },
    });
    this.sent.push(body);
    return { body, length: end + 1 - start, etag: 'a', identity: null };
  }

  async read(unreadMs: number): Promise<Readable> {
    const opened = await this.get('', { start: 0, end: file.length - 1 });
    const bucket = this as unknown as S3Bucket;
    return new S3Reading(bucket, 'a', opened, undefined, {}, unreadMs).stream();
  }
}

async function rest(stream: Readable): Promise<Buffer> {
  const chunks: Buffer[] = [];
  for await (const chunk of stream as AsyncIterable<Buffer>) chunks.push(chunk);
  return Buffer.concat(chunks);
}

describe('A download that nobody reads', () => {
  it('keeps no connection to the store, and has all of the file when it is read after all', async () => {
    const store = new OneObject();
    const stream = await store.read(50);
    await until('the connection is let go', () => store.sent[0]?.destroyed === true);
    expect((await rest(stream)).equals(file)).toBe(true);
    expect(store.sent).toHaveLength(2);
  });

  it('is the same where somebody stops reading', async () => {
    const store = new OneObject();
    const stream = await store.read(50);
    const reading = (stream as AsyncIterable<Buffer>)[Symbol.asyncIterator]();
    const { value: first } = (await reading.next()) as { value: Buffer };
    await until('the connection is let go', () => store.sent[0]?.destroyed === true);
    const chunks = [first];
    for (let next = await reading.next(); !next.done; next = await reading.next()) {
      chunks.push(next.value as Buffer);
    }
    expect(Buffer.concat(chunks).equals(file)).toBe(true);
    expect(store.sent).toHaveLength(2);
  });
});
