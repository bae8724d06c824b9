import { setTimeout as sleep } from 'node:timers/promises';
import { expect, it } from 'vitest';
import { processStores } from '../../src/chunked-upload/memory/process-memory.js';
import { PAGE_BYTES } from '../../src/chunked-upload/memory/store-memory.js';
import {
  isStorageTimeout,
  limitedStorage,
} from '../../src/chunked-upload/storage/limited-storage.js';
import { S3Storage } from '../../src/chunked-upload/storage/s3/index.js';
import { sample } from '../../src/chunked-upload/testing/contract-bytes.js';
import { ContractUpload } from '../../src/chunked-upload/testing/contract-upload.js';
import { S3Double } from '../../src/chunked-upload/testing/s3-double/index.js';
import { S3Error } from '../../src/chunked-upload/testing/s3-double/s3-error.js';
import { openOptions } from '../support/open-options.js';
import { until } from '../support/waiting.js';

const MIB = 1024 * 1024;
const PART = 5 * MIB;
/** What a writer may use before it commits. */
const RESERVED = 12;

it('Of a part that fails behind others all memory comes back', async () => {
  const double = await S3Double.start();
  const { region, endpoint, credentials } = double;
  const place = { bucket: 'uploads', region, endpoint, credentials };
  const storage = new S3Storage({ ...place, partSize: PART, concurrency: 1 });
  const upload = new ContractUpload(() => storage);
  const part = sample(PART);
  await upload.append(part);
  const writer = await upload.take(PART);
  // Two more than there are numbers for: they are pieces until the commit.
  for (let count = 0; count < RESERVED + 2; count += 1) await writer.write(part, MIB);
  await writer.commit();
  double.on('UploadPart', async () => {
    throw new S3Error(403, 'AccessDenied', 'Not any more');
  });
  await expect(writer.write(part, MIB)).rejects.toThrow('AccessDenied');
  await writer.close();
  await double.close();
  const all = processStores.limit / PAGE_BYTES;
  const pages = processStores.spare(all);
  expect(pages).toHaveLength(all);
  processStores.give(pages ?? []);
});

it('Of a piece that never begins, as the one before it has failed, all memory comes back', async () => {
  const double = await S3Double.start();
  const { region, endpoint, credentials } = double;
  const place = { bucket: 'uploads', region, endpoint, credentials };
  // Larger than what is gathered at once: it comes in pieces.
  const storage = new S3Storage({ ...place, partSize: 100 * MIB, concurrency: 1 });
  const all = processStores.limit / PAGE_BYTES;
  let fail: () => void = () => undefined;
  const failing = new Promise<void>((resolve) => {
    fail = resolve;
  });
  double.on('PutObject', async () => {
    await failing;
    throw new S3Error(403, 'AccessDenied', 'Not any more');
  });
  const writer = await new ContractUpload(() => storage).take();
  const before = processStores.used;
  const written = writer.write(sample(40 * MIB), MIB).catch((error: unknown) => error);
  await until('the second piece waits for the first', () => {
    return processStores.used - before >= 32 * MIB;
  });
  fail();
  expect(await written).toMatchObject({ code: 'AccessDenied' });
  await writer.close();
  await double.close();
  const pages = processStores.spare(all);
  expect(pages).toHaveLength(all);
  processStores.give(pages ?? []);
});

it('A writer that has got no byte begins nothing: nobody would look for it', async () => {
  const double = await S3Double.start();
  const { region, endpoint, credentials } = double;
  const place = { bucket: 'uploads', region, endpoint, credentials };
  const storage = new S3Storage({ ...place, partSize: PART });
  const upload = new ContractUpload(() => storage);
  await (await upload.take(2 * PART)).close();
  expect(double.log).toEqual([]);
  const writer = await upload.take(2 * PART);
  await writer.write(sample(1));
  await until('the first byte begins it', () =>
    double.log.some(({ operation }) => operation === 'CreateMultipartUpload'),
  );
  await writer.close();
  expect(double.stored('uploads')).toEqual([]);
  await double.close();
});

it('A writer that waits for memory and is asked to stop is given up, and takes none', async () => {
  const double = await S3Double.start();
  const { region, endpoint, credentials } = double;
  const inner = new S3Storage({ bucket: 'uploads', region, endpoint, credentials });
  const storage = limitedStorage(inner, 200);
  const others = processStores.spare(processStores.limit / PAGE_BYTES) ?? [];
  const stop = new AbortController();
  const file = { key: 'a.part', finalKey: 'a.done', storageState: null };
  const writer = await storage.open(file, openOptions({ signal: stop.signal }));
  const written = writer.write([sample(MIB)]).catch((error: unknown) => error);
  expect(await Promise.race([written, sleep(600, 'it waits')])).toBe('it waits');
  stop.abort();
  expect(isStorageTimeout(await written)).toBe(true);
  await writer.close();
  // Whoever waited before others would have a page as soon as there is one.
  const [page, ...rest] = others;
  processStores.give(page ? [page] : []);
  expect(processStores.spare(1)).toHaveLength(1);
  processStores.give([...rest, ...(page ? [page] : [])]);
  await double.close();
});

it('A writer that waits for memory is not taken for one whose store does not answer', async () => {
  const limitMs = 300;
  const double = await S3Double.start();
  const { region, endpoint, credentials } = double;
  const storage = new S3Storage({ bucket: 'uploads', region, endpoint, credentials });
  const upload = new ContractUpload(() => limitedStorage(storage, limitMs));
  // Others have all of it.
  const others = processStores.spare(processStores.limit / PAGE_BYTES) ?? [];
  const writer = await upload.take(MIB);
  const written = writer.write(sample(MIB));
  const waited = await Promise.race([written, sleep(3 * limitMs, 'it waits')]);
  expect(waited).toBe('it waits');
  processStores.give(others);
  await written;
  await writer.close();
  await double.close();
});
