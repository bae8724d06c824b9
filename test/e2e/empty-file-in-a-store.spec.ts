import { S3Storage } from 'nestjs-chunked-upload/s3';
import { S3Double } from 'nestjs-chunked-upload/testing';
import { afterEach, beforeEach, expect, it } from 'vitest';
import { type Host, startHost } from '../support/host.js';
import { UploadClient } from '../support/upload-client.js';

const BUCKET = 'uploads';
const TUS = { 'tus-resumable': '1.0.0' };

let double: S3Double;
let host: Host;
let failures = 0;

beforeEach(async () => {
  double = await S3Double.start({ buckets: [BUCKET] });
  const { region, credentials, endpoint } = double;
  host = await startHost({
    upload: {
      storage: new S3Storage({ bucket: BUCKET, region, credentials, endpoint }),
      protocols: ['content-range', 'tus'],
      onComplete: () => {
        failures -= 1;
        if (failures >= 0) throw new Error('The host is not ready');
      },
    },
  });
});
afterEach(async () => {
  await host.close();
  await double.close();
});

it('A file that turns out to be empty is completed by another try, where the first failed at its end', async () => {
  failures = 1;
  const ann = new UploadClient(`${host.url}/uploads`);
  const created = await ann.send('POST', { headers: { ...TUS, 'upload-defer-length': '1' } });
  const id = created.headers.get('location')?.split('/').at(-1) ?? '';
  const end = async (): Promise<number> => {
    const type = { 'content-type': 'application/offset+octet-stream' };
    const headers = { ...TUS, ...type, 'upload-offset': '0', 'upload-length': '0' };
    return (await ann.send('PATCH', { id, headers })).status;
  };
  expect(await end()).toBe(500);
  expect(await end()).toBe(204);
  const { status, bytes } = await ann.download(id);
  expect([status, bytes.length]).toEqual([200, 0]);
});
