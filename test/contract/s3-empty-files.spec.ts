import type { StorageState, StoredFile } from 'nestjs-chunked-upload';
import { S3Storage } from 'nestjs-chunked-upload/s3';
import { S3Double, S3Error } from 'nestjs-chunked-upload/testing';
import { afterEach, beforeEach, expect, it } from 'vitest';
import { openOptions, undisturbed } from '../support/open-options.js';
import { storeOptions } from '../support/store-options.js';
import { until } from '../support/waiting.js';

// A file of no bytes has no state before it is finished: each try begins anew.

const BUCKET = 'uploads';
const FILE = { key: 'a.part', finalKey: 'a.done' };

let double: S3Double;
beforeEach(async () => {
  double = await S3Double.start();
});
afterEach(() => double.close());

const storageAt = (): S3Storage => new S3Storage({ bucket: BUCKET, ...storeOptions(double) });

/** As the engine completes it. */
async function complete(
  storage: S3Storage,
  options: { readonly attempt: number; readonly contested: boolean } = undisturbed,
): Promise<StoredFile> {
  const file = { ...FILE, storageState: null };
  const writer = await storage.open(file, openOptions({ ...options, length: 0, total: 0 }));
  const storageState = await writer.sync();
  await writer.close();
  const finished = await storage.finish({ ...file, storageState }, 0, options);
  return { ...file, storageState: JSON.parse(JSON.stringify(finished)) as StorageState };
}

it('is read also when the request of a try lands late that was given up', async () => {
  const match = ({ key }: { key: string }): boolean => key === FILE.finalKey;
  const held = double.inject('PutObject', 'hang before', { match });
  const first = complete(storageAt());
  await held.met;
  const file = await complete(storageAt(), { attempt: 2, contested: true });
  const puts = (): number =>
    double.log.filter(({ key, status }) => match({ key }) && status).length;
  const before = puts();
  held.release();
  await first;
  await until('it has landed', () => puts() > before);
  expect(await (await storageAt().createReadStream(file)).toArray()).toEqual([]);
  expect(await storageAt().holds(file, 0)).toBe(true);
  const again = await storageAt().finish(file, 0, undisturbed);
  expect(again).toEqual(file.storageState);
});

it('leaves nothing of tries that failed', async () => {
  const storage = storageAt();
  const end = double.on('PutObject', async ({ key }, proceed) => {
    if (key === FILE.finalKey) throw new S3Error(403, 'AccessDenied', 'Not now');
    return proceed();
  });
  await expect(complete(storage)).rejects.toThrow('AccessDenied');
  end();
  await complete(storage);
  expect(double.stored(BUCKET).map(({ key }) => key)).toEqual([FILE.finalKey]);
});
