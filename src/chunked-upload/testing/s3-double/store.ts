import { randomBytes } from 'node:crypto';
import { Bytes } from './bytes.js';
import type { S3Call, S3Rules, S3Stored } from './s3-double.types.js';
import { S3Error } from './s3-error.js';

export interface StoredObject {
  readonly key: string;
  readonly bytes: Bytes;
  /** Without quotes. */
  readonly etag: string;
  readonly modifiedAt: Date;
  /** What is answered with it again, metadata of the user included. */
  readonly headers: Readonly<Record<string, string>>;
  /** The multipart upload that made it; null: none. */
  readonly uploadId: string | null;
}

export interface StoredPart {
  readonly number: number;
  readonly bytes: Bytes;
  readonly etag: string;
  readonly modifiedAt: Date;
}

export interface MultipartUpload {
  readonly id: string;
  readonly bucket: string;
  readonly key: string;
  readonly begunAt: Date;
  readonly headers: Readonly<Record<string, string>>;
  readonly parts: Map<number, StoredPart>;
  /** Its key was deleted since it began. */
  isHidden: boolean;
}

export type UploadName = Pick<S3Call, 'bucket' | 'key' | 'uploadId'>;

/** All that the double keeps, in memory. */
export class Store {
  /** Objects by bucket and key. */
  readonly buckets = new Map<string, Map<string, StoredObject>>();
  readonly uploads = new Map<string, MultipartUpload>();
  /** What completions were answered, by upload. */
  readonly completions = new Map<string, string>();
  #ahead = 0;

  constructor(
    readonly rules: S3Rules,
    readonly pageSize: number,
    private readonly capacity: number,
  ) {}

  get now(): Date {
    return new Date(Date.now() + this.#ahead);
  }

  /** Of an upload without parts one entry tells. */
  stored(bucket: string): S3Stored[] {
    const objects = [...this.objects(bucket).values()].map(({ key, bytes }) => {
      return { key, size: bytes.length, uploadId: null, partNumber: null };
    });
    const parts = this.openUploads(bucket).flatMap(({ id, key, parts: stored }): S3Stored[] => {
      const all = [...stored.values()].map(({ number, bytes }) => {
        return { key, size: bytes.length, uploadId: id, partNumber: number };
      });
      return all.length > 0 ? all : [{ key, size: 0, uploadId: id, partNumber: null }];
    });
    return [...objects, ...parts];
  }

  clear(): void {
    for (const objects of this.buckets.values()) objects.clear();
    this.uploads.clear();
    this.completions.clear();
  }

  turnClock(ms: number): void {
    this.#ahead += ms;
  }

  /** @throws S3Error `NoSuchBucket` */
  objects(bucket: string): Map<string, StoredObject> {
    const objects = this.buckets.get(bucket);
    if (objects) return objects;
    throw new S3Error(404, 'NoSuchBucket', `There is no bucket ${bucket}`);
  }

  /** @throws S3Error `NoSuchKey` */
  object(bucket: string, key: string): StoredObject {
    const object = this.objects(bucket).get(key);
    if (object) return object;
    throw S3Error.noSuchKey(key);
  }

  put(bucket: string, object: Omit<StoredObject, 'modifiedAt'>): StoredObject {
    const objects = this.objects(bucket);
    const replaced = objects.get(object.key)?.bytes.length ?? 0;
    this.#makeRoom(object.bytes.length - replaced);
    const stored = { ...object, modifiedAt: this.now };
    objects.set(object.key, stored);
    return stored;
  }

  delete(bucket: string, key: string): void {
    this.objects(bucket).delete(key);
    for (const upload of this.openUploads(bucket)) {
      if (upload.key === key) upload.isHidden = true;
    }
  }

  begin(bucket: string, key: string, headers: Readonly<Record<string, string>>): MultipartUpload {
    this.objects(bucket);
    const id = randomBytes(48).toString('base64url');
    const upload = { id, bucket, key, begunAt: this.now, headers, parts: new Map() };
    const begun: MultipartUpload = { ...upload, isHidden: false };
    this.uploads.set(id, begun);
    return begun;
  }

  /** Those that have not vanished yet, in the order in which they began. */
  openUploads(bucket: string): MultipartUpload[] {
    const { uploadsVanishAfter } = this.rules;
    const oldest = uploadsVanishAfter === null ? 0 : this.now.getTime() - uploadsVanishAfter;
    for (const { id, begunAt } of this.uploads.values()) {
      if (begunAt.getTime() < oldest) this.uploads.delete(id);
    }
    return [...this.uploads.values()].filter((upload) => upload.bucket === bucket);
  }

  /** @throws S3Error `NoSuchUpload`, or with another code */
  upload({ bucket, key, uploadId }: UploadName, code = 'NoSuchUpload'): MultipartUpload {
    this.objects(bucket);
    const upload = this.openUploads(bucket).find(
      (each) => each.id === uploadId && each.key === key,
    );
    if (upload) return upload;
    const status = code === 'InternalError' ? 500 : 404;
    throw new S3Error(status, code, 'There is no such multipart upload');
  }

  putPart(upload: MultipartUpload, part: Omit<StoredPart, 'modifiedAt'>): StoredPart {
    const replaced = upload.parts.get(part.number)?.bytes.length ?? 0;
    this.#makeRoom(part.bytes.length - replaced);
    const stored = { ...part, modifiedAt: this.now };
    upload.parts.set(part.number, stored);
    return stored;
  }

  #makeRoom(bytes: number): void {
    if (bytes <= 0 || this.#size() + bytes <= this.capacity) return;
    const message = `The double keeps at most ${this.capacity} bytes: see its option "capacity"`;
    throw new S3Error(507, 'InsufficientStorage', message);
  }

  #size(): number {
    let size = 0;
    for (const objects of this.buckets.values()) {
      for (const { bytes } of objects.values()) size += bytes.length;
    }
    for (const { parts } of this.uploads.values()) {
      for (const { bytes } of parts.values()) size += bytes.length;
    }
    return size;
  }
}
