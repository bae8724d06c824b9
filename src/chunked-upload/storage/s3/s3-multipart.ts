import {
  AbortMultipartUploadCommand,
  CompleteMultipartUploadCommand,
  CreateMultipartUploadCommand,
  ListMultipartUploadsCommand,
  type ListMultipartUploadsCommandOutput,
  ListPartsCommand,
  type ListPartsCommandOutput,
  UploadPartCommand,
  UploadPartCopyCommand,
} from '@aws-sdk/client-s3';
import type { ByteRange } from '../storage.provider.js';
import type { Payload } from './payload.js';
import type { S3Bucket } from './s3-bucket.js';
import { COPY_MS, type CallOptions, once, repeated, repeatedUpload } from './s3-calls.js';
import { isNoUpload, isUnsupported } from './s3-errors.js';

/** A part as the store has it. */
export interface StoredPart {
  readonly number: number;
  /** As the store says it, without quotes. */
  readonly etag: string;
  readonly size: number;
  readonly modifiedAt: Date;
}

export type PartId = Pick<StoredPart, 'number' | 'etag'>;

/** What a store answers to a part. */
export interface PartTag {
  /** Without quotes. */
  readonly etag: string;
  /** Whether it is the MD5 of the bytes, and so the same each time that they are sent. */
  readonly isSum: boolean;
}

/** A multipart upload that is open. */
export interface OpenUpload {
  readonly key: string;
  readonly uploadId: string;
  /** Null: the store does not say. */
  readonly begunAt: Date | null;
}

/** An upload's parts on their way into the object with this key. */
export interface UploadPlace {
  readonly key: string;
  readonly uploadId: string;
}

interface UploadMarkers {
  readonly KeyMarker?: string | undefined;
  readonly UploadIdMarker?: string | undefined;
}

/** The multipart uploads of a bucket. */
export class S3Multipart {
  constructor(private readonly bucket: S3Bucket) {}

  /** What becomes of it is an object with this identity. */
  async create(key: string, identity: string, options: CallOptions = {}): Promise<string> {
    const { client } = this.bucket;
    const input = { ...this.bucket.place(key), ...this.bucket.finalSettings(identity) };
    const { UploadId } = await repeated(
      (abortSignal) => client.send(new CreateMultipartUploadCommand(input), { abortSignal }),
      options,
    );
    if (!UploadId) throw new Error('The store began a multipart upload without an id');
    return UploadId;
  }

  async uploadPart(
    place: UploadPlace,
    number: number,
    payload: Payload,
    options: CallOptions = {},
  ): Promise<PartTag> {
    const md5 = payload.md5;
    return repeatedUpload(
      payload,
      async (sent, abortSignal) => {
        const command = new UploadPartCommand({
          ...this.#name(place),
          PartNumber: number,
          Body: sent.body,
          ContentLength: payload.length,
          ...(md5 && { ContentMD5: Buffer.from(md5, 'hex').toString('base64') }),
        });
        const part = await this.bucket.client.send(command, { abortSignal });
        const etag = plainEtag(part.ETag);
        if (etag === '') throw new Error('The store took a part and gave it no ETag');
        const isSum = etag.toLowerCase() === sent.md5;
        // Where the store was told no sum, its own is the only proof: unless it is one of a secret.
        const isPlain = (part.ServerSideEncryption ?? 'AES256') === 'AES256' && isMd5(etag);
        if (!md5 && isPlain && !isSum) throw new Error('The store has other bytes');
        return { etag, isSum };
      },
      options,
    );
  }

  /** From an object of the bucket. Null: the store cannot. */
  async copyPart(
    place: UploadPlace,
    number: number,
    from: { readonly key: string; readonly etag: string; readonly range: ByteRange },
    options: CallOptions = {},
  ): Promise<string | null> {
    const input = {
      ...this.#name(place),
      PartNumber: number,
      CopySource: this.bucket.sourceOf(from.key),
      CopySourceRange: `bytes=${from.range.start}-${from.range.end}`,
      CopySourceIfMatch: from.etag,
    };
    try {
      const { CopyPartResult } = await repeated(
        (abortSignal) => {
          return this.bucket.client.send(new UploadPartCopyCommand(input), { abortSignal });
        },
        { limitMs: COPY_MS, ...options },
      );
      return plainEtag(CopyPartResult?.ETag);
    } catch (error) {
      if (isUnsupported(error)) return null;
      throw error;
    }
  }

  /** Those with numbers above `after`, by their numbers. Null: there is no such upload. */
  async parts(
    place: UploadPlace,
    after = 0,
    options: CallOptions = {},
  ): Promise<StoredPart[] | null> {
    const parts: StoredPart[] = [];
    let marker: string | undefined = after > 0 ? String(after) : undefined;
    try {
      do {
        const command = new ListPartsCommand({ ...this.#name(place), PartNumberMarker: marker });
        const page: ListPartsCommandOutput = await repeated((abortSignal) => {
          return this.bucket.client.send(command, { abortSignal });
        }, options);
        for (const { PartNumber = 0, ETag, Size = 0, LastModified } of page.Parts ?? []) {
          const modifiedAt = LastModified ?? new Date(0);
          parts.push({ number: PartNumber, etag: plainEtag(ETag), size: Size, modifiedAt });
        }
        marker = page.IsTruncated ? page.NextPartNumberMarker : undefined;
      } while (marker !== undefined);
    } catch (error) {
      if (isNoUpload(error)) return null;
      throw error;
    }
    return parts.filter(({ number }) => number > after);
  }

  /**
   * Makes the object of these parts. False: the store says nothing of the object, which is to be looked
   * at. Also an error says little: the one of a second call may be that of a success.
   */
  async complete(
    place: UploadPlace,
    parts: readonly PartId[],
    signal?: AbortSignal,
  ): Promise<boolean> {
    const Parts = parts.map(({ number, etag }) => ({ PartNumber: number, ETag: `"${etag}"` }));
    const command = new CompleteMultipartUploadCommand({
      ...this.#name(place),
      MultipartUpload: { Parts },
    });
    // Not repeated here, and hardly limited: a store may take minutes, and sends blanks meanwhile.
    const { ETag } = await once(
      (abortSignal) => this.bucket.client.send(command, { abortSignal }),
      { signal },
    );
    return plainEtag(ETag) !== '';
  }

  /** Idempotent. */
  async abort(place: UploadPlace, options: CallOptions = {}): Promise<void> {
    const command = new AbortMultipartUploadCommand(this.#name(place));
    await repeated((abortSignal) => {
      return this.bucket.client.send(command, { abortSignal });
    }, options).catch((error: unknown) => {
      if (!isNoUpload(error)) throw error;
    });
  }

  /** Those whose keys begin with `prefix`; MinIO tells only of those whose key it is. */
  async *list(prefix: string, options: CallOptions = {}): AsyncGenerator<OpenUpload> {
    let after: UploadMarkers | null = {};
    do {
      const command: ListMultipartUploadsCommand = new ListMultipartUploadsCommand({
        Bucket: this.bucket.name,
        Prefix: this.bucket.place(prefix).Key,
        ...after,
      });
      const page: ListMultipartUploadsCommandOutput = await repeated((abortSignal) => {
        return this.bucket.client.send(command, { abortSignal });
      }, options);
      const uploads: OpenUpload[] = [];
      for (const { Key, UploadId, Initiated } of page.Uploads ?? []) {
        if (Key === undefined || UploadId === undefined) continue;
        const key = this.bucket.keyOf(Key);
        uploads.push({ key, uploadId: UploadId, begunAt: Initiated ?? null });
      }
      yield* uploads;
      const { IsTruncated, NextKeyMarker, NextUploadIdMarker } = page;
      const next: UploadMarkers = { KeyMarker: NextKeyMarker, UploadIdMarker: NextUploadIdMarker };
      // A store that does not get on would be asked for ever.
      const hasMoved: boolean = JSON.stringify(next) !== JSON.stringify(after);
      after = IsTruncated && hasMoved ? next : null;
    } while (after);
  }

  /** Those of one key. */
  async of(key: string, options: CallOptions = {}): Promise<OpenUpload[]> {
    const uploads: OpenUpload[] = [];
    for await (const upload of this.list(key, options)) {
      if (upload.key === key) uploads.push(upload);
    }
    return uploads;
  }

  #name({ key, uploadId }: UploadPlace) {
    return { ...this.bucket.place(key), UploadId: uploadId };
  }
}

export function plainEtag(etag: string | undefined): string {
  return (etag ?? '').replace(/^(?:W\/)?"|"$/g, '');
}

/** Whether an ETag may be the MD5 of the bytes. */
export function isMd5(etag: string): boolean {
  return /^[0-9a-f]{32}$/i.test(etag);
}
