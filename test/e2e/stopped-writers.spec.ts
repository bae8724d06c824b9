import { setTimeout as sleep } from 'node:timers/promises';
import { S3Storage } from 'nestjs-chunked-upload/s3';
import { S3Double } from 'nestjs-chunked-upload/testing';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { type Host, startBeside, startHost } from '../support/host.js';
import { expectInTime } from '../support/in-time.js';
import { type Answer, UploadClient, md5, sample } from '../support/upload-client.js';
import { timed, until } from '../support/waiting.js';

// A writer that is making a part of many pieces, which a slow store sends one by one: that gets on, and
// may take as long as it likes. Once it is asked to stop it has `callTimeout` left.

const KIB = 1024;
const MIB = 1024 * KIB;
const BUCKET = 'uploads';
const CALL_MS = 4000;
const SLOW_MS = 1500;
/** It would take longer to read the pieces, of which a few are read at once. */
const SOON_MS = 10_000;
const PIECE = 128 * KIB;
const PIECES = 39;
const file = sample(6 * MIB);

let double: S3Double;
let host: Host;
let busy: Host;
let ann: UploadClient;
let again: UploadClient;
let id: string;
let writing: Promise<Answer | null>;
let isBusyClosed: boolean;

beforeEach(async () => {
  double = await S3Double.start({ buckets: [BUCKET] });
  const { region, credentials, endpoint } = double;
  const place = { bucket: BUCKET, region, credentials, endpoint, partSize: 5 * MIB };
  const settings = () => ({
    upload: {
      storage: new S3Storage(place),
      callTimeout: `${CALL_MS}ms`,
      leaseTime: '1s',
      cleanup: false as const,
    },
  });
  host = await startHost(settings());
  // It has not kept the pieces in its memory.
  busy = await startBeside(host, settings());
  isBusyClosed = false;
  ann = new UploadClient(`${host.url}/uploads`);
  again = new UploadClient(`${busy.url}/uploads`);
  ({ id } = await ann.begin(file.subarray(0, PIECE), file.length));
  for (let at = PIECE; at < PIECES * PIECE; at += PIECE) {
    const range = `bytes ${at}-${at + PIECE - 1}/${file.length}`;
    expect((await ann.put(range, file.subarray(at, at + PIECE), { id })).status).toBe(200);
  }
  double.on('GetObject', async (_, proceed) => {
    await sleep(SLOW_MS);
    return proceed();
  });
  double.log.length = 0;
  const rest = file.subarray(PIECES * PIECE);
  writing = again.put(rangeFrom(PIECES * PIECE), rest, { id }).catch(() => null);
  await until('it reads the pieces', () => {
    return double.log.filter(({ sent }) => sent === PIECE).length > 4;
  });
});
afterEach(async () => {
  double.removeHooks();
  if (!isBusyClosed) await busy.close();
  await host.close();
  await double.close();
});

const rangeFrom = (at: number) => `bytes ${at}-${file.length - 1}/${file.length}`;

describe('A writer that gets on slowly', () => {
  it('does not keep its upload from being deleted', async () => {
    const { ms } = await timed(() =>
      until('it is deleted', async () => (await again.delete(id)).status === 204),
    );
    expectInTime(ms, SOON_MS);
    expect((await writing)?.status).toBeGreaterThanOrEqual(400);
    await until('nothing is left', () => double.stored(BUCKET).length === 0);
  });

  it('does not keep its process from ending, nor others from going on', async () => {
    isBusyClosed = true;
    const { ms } = await timed(() => busy.close());
    expectInTime(ms, SOON_MS);
    await writing;
    double.removeHooks();
    const offset = await ann.offset(id);
    expect(offset).toBe(PIECES * PIECE);
    await until('its lease has run out', async () => {
      return (await ann.put(rangeFrom(offset), file.subarray(offset), { id })).status === 200;
    });
    expect((await ann.complete(id, md5(file))).status).toBe(200);
    expect((await ann.download(id)).bytes.equals(file)).toBe(true);
  });
});
