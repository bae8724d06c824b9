import { CreateBucketCommand } from '@aws-sdk/client-s3';
import { S3Storage } from 'nestjs-chunked-upload/s3';
import { S3Double } from 'nestjs-chunked-upload/testing';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { cephIsMissing } from '../support/ceph.js';
import { sharedCeph } from '../support/ceph-on-demand.js';
import { type Host, startHost } from '../support/host.js';
import { type S3Access, s3Client } from '../support/s3-client.js';
import { UploadClient, sample } from '../support/upload-client.js';

// `download: 'redirect'`: the file comes from the store itself.

const BUCKET = 'signed-downloads';
const MINUTE = 60_000;

const bytes = sample(100_000);
const name = 'Übersicht 1.bin';

let double: S3Double | null = null;

const stores = [
  {
    store: 'the double',
    missing: null,
    start: async (): Promise<S3Access> => {
      double = await S3Double.start();
      return double;
    },
  },
  { store: 'Ceph', missing: cephIsMissing, start: sharedCeph },
];

describe.each(stores)('A download from $store', ({ missing, start }) => {
  describe.skipIf(missing !== null)('by a signed URL', () => {
    let host: Host;
    let client: UploadClient;
    let id: string;

    beforeAll(async () => {
      const { endpoint, region, credentials } = await start();
      const access = s3Client({ endpoint, region, credentials });
      await access.send(new CreateBucketCommand({ Bucket: BUCKET }));
      access.destroy();
      const place = { bucket: BUCKET, endpoint, region, credentials, forcePathStyle: true };
      const storage = new S3Storage({ ...place, download: 'redirect' });
      host = await startHost({ upload: { storage } });
      client = new UploadClient(`${host.url}/uploads`);
      ({ id } = await client.file(bytes, { filename: name }));
    });
    afterAll(async () => {
      await host?.close();
      await double?.close();
      double = null;
    });

    async function locate(method = 'GET'): Promise<string> {
      const answer = await fetch(`${client.url}/${id}/file`, {
        method,
        headers: { 'x-user': 'ann' },
        redirect: 'manual',
      });
      expect(answer.status).toBe(302);
      return answer.headers.get('location') ?? '';
    }

    it('has the bytes, the type and the name of the file', async () => {
      const { status, headers, bytes: read } = await client.download(id);
      expect(status).toBe(200);
      expect(read.equals(bytes)).toBe(true);
      expect(headers.get('content-type')).toBe('application/octet-stream');
      expect(headers.get('content-disposition')).toContain(encodeURIComponent(name));
      expect(headers.get('cache-control')).toBe('private, no-cache');
    });

    it('is asked for without its bytes', async () => {
      const { status, headers, bytes: read } = await client.download(id, {}, 'HEAD');
      expect(status).toBe(200);
      expect(read).toHaveLength(0);
      expect(headers.get('content-length')).toBe(String(bytes.length));
      expect(headers.get('content-disposition')).toContain(encodeURIComponent(name));
    });

    it('is taken up again by a range', async () => {
      const part = await client.download(id, { range: 'bytes=1000-1999' });
      expect(part.status).toBe(206);
      expect(part.headers.get('content-range')).toBe(`bytes 1000-1999/${bytes.length}`);
      expect(part.bytes.equals(bytes.subarray(1000, 2000))).toBe(true);
    });

    it('is good for a quarter of an hour, for that file and that method alone', async () => {
      const url = await locate();
      expect(new URL(url).searchParams.get('X-Amz-Expires')).toBe('900');
      expect((await fetch(url, { method: 'HEAD' })).status).toBe(403);
      expect((await fetch(url.replace(id, id.replace(/^./, 'x')))).status).toBe(403);
      expect((await fetch(url.replace('Expires=900', 'Expires=9000'))).status).toBe(403);
      expect((await fetch(await locate('HEAD'), { method: 'HEAD' })).status).toBe(200);
      if (!double) return;
      double.turnClock(14 * MINUTE);
      expect((await fetch(url)).status).toBe(200);
      double.turnClock(2 * MINUTE);
      expect((await fetch(url)).status).toBe(403);
    });

    it('is for those who may read the upload', async () => {
      const answer = await fetch(`${client.url}/${id}/file`, {
        headers: { 'x-user': 'bob' },
        redirect: 'manual',
      });
      expect(answer.status).toBe(404);
      expect(answer.headers.get('location')).toBeNull();
    });
  });
});
