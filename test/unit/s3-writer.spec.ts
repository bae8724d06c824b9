import { expect, it } from 'vitest';
import { processStores } from '../../src/chunked-upload/memory/process-memory.js';
import { PAGE_BYTES } from '../../src/chunked-upload/memory/store-memory.js';
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
  expect(processStores.spare(all)).toHaveLength(all);
}, 60_000);
