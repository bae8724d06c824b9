import { Socket } from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterEach, expect, it, vi } from 'vitest';
import { S3Storage } from '../../src/chunked-upload/storage/s3/index.js';
import { MIB, others, sample } from '../../src/chunked-upload/testing/contract-bytes.js';
import { ContractUpload } from '../../src/chunked-upload/testing/contract-upload.js';
import { S3Double, S3Error } from '../../src/chunked-upload/testing/s3-double/index.js';
import { storeOptions } from '../support/store-options.js';

// What the storage's own client does between it and the store.

const BUCKET = 'uploads';

let double: S3Double;
afterEach(async () => {
  vi.restoreAllMocks();
  await double.close();
});

const storageAt = (): S3Storage => new S3Storage({ bucket: BUCKET, ...storeOptions(double) });

it('A store may be silent for as long as it completes or copies: only the call has a limit', async () => {
  double = await S3Double.start({ mode: 'ceph' });
  // A silence of a second is one of a minute and a half to a connection.
  const { port } = new URL(double.endpoint);
  const wait = Reflect.get(Socket.prototype, 'setTimeout');
  vi.spyOn(Socket.prototype, 'setTimeout').mockImplementation(function (this: Socket, ms, ended) {
    const isClients = String(this.remotePort) === port;
    return wait.call(this, isClients ? ms / 100 : ms, ended);
  });
  // The SDK begins to look after three seconds.
  const silent = 4000;

  const completed = new ContractUpload(storageAt);
  const copied = new ContractUpload(storageAt);
  const joined = new ContractUpload(storageAt);
  const bytes = sample(12 * MIB);
  await completed.append(bytes.subarray(0, 6 * MIB));
  await copied.append(bytes.subarray(0, MIB));
  await joined.append(bytes.subarray(0, 6 * MIB));
  const dead = await joined.take();
  await dead.write(others(bytes.subarray(6 * MIB)));
  await dead.die();
  await dead.close();
  await joined.append(bytes.subarray(6 * MIB));
  const met: string[] = [];
  for (const [operation, { finalKey }] of [
    ['CompleteMultipartUpload', completed],
    ['CopyObject', copied],
    ['UploadPartCopy', joined],
  ] as const) {
    double.on(operation, async ({ key, partNumber }, proceed) => {
      if (key !== finalKey) return proceed();
      met.push(`${operation} ${partNumber ?? ''}`.trim());
      await sleep(silent);
      return proceed();
    });
  }
  await Promise.all([completed.finish(6 * MIB), copied.finish(MIB), joined.finish(bytes.length)]);
  expect(met.toSorted()).toEqual([
    'CompleteMultipartUpload',
    'CopyObject',
    'UploadPartCopy 1',
    'UploadPartCopy 2',
  ]);
  await joined.holds(bytes);
});

it.each(['is silent', 'hangs up'])(
  'A download goes on where the store %s within it',
  async (what) => {
    double = await S3Double.start();
    const upload = new ContractUpload(storageAt);
    const bytes = sample(MIB);
    await upload.whole(bytes);
    const end = double.on('GetObject', async (_, proceed) => {
      const answer = await proceed();
      if (!answer) return null;
      const headers = {
        ...answer.headers,
        'content-length': String(answer.body.length),
        ...(what === 'hangs up' && { connection: 'close' }),
      };
      return { ...answer, headers, body: answer.body.slice(0, MIB / 2) };
    });
    const stream = await upload.openToRead();
    end();
    if (what === 'is silent') hurryTimers();
    expect(Buffer.concat(await stream.toArray()).equals(bytes)).toBe(true);
    const ranges = double.log.flatMap(({ operation, headers }) =>
      operation === 'GetObject' ? [headers.range] : [],
    );
    // The rest may have been asked for again.
    expect([...new Set(ranges)]).toEqual([undefined, `bytes=${MIB / 2}-${MIB - 1}`]);
  },
);

/** Ten times as fast, until the end of the test. */
function hurryTimers(): void {
  const { setTimeout } = globalThis;
  const hurried = (run: () => void, ms = 0): NodeJS.Timeout => setTimeout(run, ms / 10);
  vi.spyOn(globalThis, 'setTimeout').mockImplementation(hurried);
}

it('No body waits for a "100 Continue", for which the SDK makes a connection each', async () => {
  double = await S3Double.start();
  const upload = new ContractUpload(storageAt);
  const bytes = sample(11 * MIB);
  await upload.append(bytes.subarray(0, 3 * MIB));
  await upload.append(bytes.subarray(3 * MIB));
  await upload.finish(bytes.length);
  expect(double.log.filter(({ received }) => received > 2 * MIB)).not.toEqual([]);
  expect(double.log.filter(({ headers }) => headers.expect !== undefined)).toEqual([]);
});

it('More requests than the SDK has sockets for are under way at once', async () => {
  double = await S3Double.start();
  const upload = new ContractUpload(storageAt);
  await upload.whole(sample(1));
  const { file } = upload;
  const storage = storageAt();
  const count = 200;
  let waiting = 0;
  let letGo: () => void = () => undefined;
  const gate = new Promise<void>((resolve) => {
    letGo = resolve;
  });
  double.on('HeadObject', async (_, proceed) => {
    waiting += 1;
    if (waiting === count) letGo();
    await gate;
    return proceed();
  });
  const answers = await Promise.all(Array.from({ length: count }, () => storage.holds(file, 1)));
  expect(answers.every(Boolean)).toBe(true);
  expect(waiting).toBe(count);
});

it('Downloads, however many and however slow, keep nobody from the store', async () => {
  double = await S3Double.start();
  const storage = storageAt();
  const upload = new ContractUpload(() => storage);
  // More than is read ahead: each keeps its connection.
  const bytes = sample(MIB / 4);
  await upload.whole(bytes);
  const count = 300;
  const opening = Array.from({ length: count }, async () => upload.openToRead());
  const downloads = await Promise.allSettled(opening);
  const opened = downloads.flatMap((each) => (each.status === 'fulfilled' ? [each.value] : []));
  try {
    expect(opened).toHaveLength(count);
    const other = new ContractUpload(() => storage);
    await other.append(sample(1));
    await other.finish(1);
    await upload.holds(bytes);
  } finally {
    for (const download of opened) download.destroy();
  }
});

it('Keys are removed many at once again when the credentials are good again', async () => {
  double = await S3Double.start();
  const storage = storageAt();
  const removeSome = async (): Promise<string[]> => {
    const upload = new ContractUpload(() => storage);
    await upload.append(sample(1));
    await upload.append(sample(1));
    const before = double.log.length;
    await upload.remove().catch(() => undefined);
    const asked = double.log.slice(before).map(({ operation }) => operation);
    return asked.filter((operation) => operation === 'DeleteObjects');
  };
  const end = double.on('*', async ({ operation }, proceed) => {
    if (operation.startsWith('Delete')) throw new S3Error(400, 'ExpiredToken', 'Too old');
    return proceed();
  });
  await removeSome();
  end();
  expect(await removeSome()).not.toEqual([]);
});
