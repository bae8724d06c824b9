import { createHash, randomUUID } from 'node:crypto';
import { setTimeout as sleep } from 'node:timers/promises';
import {
  AbortMultipartUploadCommand,
  CreateBucketCommand,
  DeleteBucketCommand,
  DeleteObjectCommand,
  GetObjectCommand,
  ListMultipartUploadsCommand,
  ListObjectsV2Command,
  S3Client,
} from '@aws-sdk/client-s3';

const {
  S3_ENDPOINT: endpoint,
  S3_REGION: region = 'us-east-1',
  AWS_ACCESS_KEY_ID: accessKeyId,
  AWS_SECRET_ACCESS_KEY: secretAccessKey,
} = process.env;

/** Where the store is, as the environment says; null: none is given. */
export const S3_ACCESS = endpoint
  ? { endpoint, region, credentials: { accessKeyId, secretAccessKey } }
  : null;

/** A store removes what was deleted when it finds time: not in the next turn's. */
const SETTLES_MS = Number(process.env.BENCH_STORE_SETTLES_MS ?? 12_000);

/** A bucket for one turn. */
export class Bucket {
  name = `bench-${randomUUID()}`;
  #client = new S3Client({
    ...S3_ACCESS,
    forcePathStyle: true,
    requestChecksumCalculation: 'WHEN_REQUIRED',
    responseChecksumValidation: 'WHEN_REQUIRED',
  });

  async open() {
    await this.#client.send(new CreateBucketCommand({ Bucket: this.name }));
  }

  /** Throws unless it holds every one of the files: nobody wins by losing bytes. */
  async check(size, sums) {
    const missing = new Set(sums);
    for (const { Key, Size } of await this.#objects()) {
      if (Size !== size) continue;
      const { Body } = await this.#client.send(new GetObjectCommand({ Bucket: this.name, Key }));
      const hash = createHash('md5');
      for await (const bytes of Body) hash.update(bytes);
      missing.delete(hash.digest('hex'));
    }
    if (missing.size > 0)
      throw new Error(`${missing.size} of ${sums.length} files were not stored`);
  }

  async close() {
    const Bucket = this.name;
    for (const { Key } of await this.#objects()) {
      await this.#client.send(new DeleteObjectCommand({ Bucket, Key }));
    }
    const { Uploads = [] } = await this.#client.send(new ListMultipartUploadsCommand({ Bucket }));
    for (const { Key, UploadId } of Uploads) {
      await this.#client.send(new AbortMultipartUploadCommand({ Bucket, Key, UploadId }));
    }
    await this.#client.send(new DeleteBucketCommand({ Bucket }));
    this.#client.destroy();
    await sleep(SETTLES_MS);
  }

  async #objects() {
    const objects = [];
    let token;
    do {
      const command = { Bucket: this.name, ContinuationToken: token };
      const page = await this.#client.send(new ListObjectsV2Command(command));
      objects.push(...(page.Contents ?? []));
      token = page.NextContinuationToken;
    } while (token);
    return objects;
  }
}
