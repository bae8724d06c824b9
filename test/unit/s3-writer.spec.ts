import { setTimeout as sleep } from 'node:timers/promises';
import { expect, it } from 'vitest';
import { processStores } from '../../src/chunked-upload/memory/process-memory.js';
import { PAGE_BYTES } from '../../src/chunked-upload/memory/store-memory.js';
import { limitedStorage } from '../../src/chunked-upload/storage/limited-storage.js';
import { S3Storage } from '../../src/chunked-upload/storage/s3/index.js';
import { sample } from '../../src/chunked-upload/testing/contract-bytes.js';
import { ContractUpload } from '../../src/chunked-upload/testing/contract-upload.js';
import { S3Double } from '../../src/chunked-upload/testing/s3-double/index.js';
import { S3Error } from '../../src/chunked-upload/testing/s3-double/s3-error.js';

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
}, 60_000);

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
