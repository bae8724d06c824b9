import type { Readable } from 'node:stream';
import {
  CopyObjectCommand,
  type CopyObjectCommandInput,
  DeleteObjectCommand,
  DeleteObjectsCommand,
  GetObjectCommand,
  HeadBucketCommand,
  HeadObjectCommand,
  ListObjectsV2Command,
  type ListObjectsV2CommandOutput,
  PutObjectCommand,
  type S3Client,
} from '@aws-sdk/client-s3';
import type { ByteRange } from '../storage.provider.js';
import { inLanes } from './in-lanes.js';
import { type Payload } from './payload.js';
import { COPY_MS, type CallOptions, repeated, repeatedUpload } from './s3-calls.js';
import { isMisunderstood, isNoObject, isNotFound, isUnsupported } from './s3-errors.js';
import type { CheckedOptions } from './s3-options.js';

/** In the metadata of a finished object: the identity of its upload. */
const IDENTITY = 'upload-token';
/** Keys that one call removes at most (DeleteObjects). */
const MOST_KEYS = 1000;
/** Calls at once, where a store has none for many keys. */
const LANES = 8;

export interface StoredObject {
  readonly size: number;
  readonly etag: string;
  /** Null: it is none of our finished objects. */
  readonly identity: string | null;
  readonly modifiedAt: Date;
}

export interface ListedObject {
  readonly key: string;
  readonly size: number;
  readonly modifiedAt: Date;
}

export interface OpenedObject {
  readonly body: Readable;
  /** Of the body. */
  readonly length: number;
  readonly etag: string;
  readonly identity: string | null;
}

/** What a finished object is stored with. */
export interface FinalPut extends CallOptions {
  readonly identity: string;
}

export interface RemoveOptions extends CallOptions {
  /** Called for each key that is gone. */
  readonly removed?: (key: string) => void;
}

/** The objects of the bucket below the prefix: the keys here know nothing of that. */
export class S3Bucket {
  readonly name: string;
  #hasBatches = true;

  constructor(
    readonly client: S3Client,
    readonly options: CheckedOptions,
    /** For what is read, which may take long. */
    private readonly reader = client,
  ) {
    this.name = options.bucket;
  }

  /** An object of ours on the way to a finished one. */
  async put(key: string, payload: Payload, options: CallOptions = {}): Promise<void> {
    await this.#put(key, payload, this.encryption, options);
  }

  async putFinal(key: string, payload: Payload, { identity, ...options }: FinalPut): Promise<void> {
    await this.#put(key, payload, this.finalSettings(identity), options);
  }

  /** Within the store. False: it cannot. */
  async copyFinal(from: string, to: string, { identity, ...options }: FinalPut): Promise<boolean> {
    const input: CopyObjectCommandInput = {
      ...this.place(to),
      CopySource: this.sourceOf(from),
      MetadataDirective: 'REPLACE',
      ...this.finalSettings(identity),
    };
    try {
      await repeated(
        (abortSignal) => {
          return this.client.send(new CopyObjectCommand(input), { abortSignal });
        },
        { limitMs: COPY_MS, ...options },
      );
      return true;
    } catch (error) {
      if (isUnsupported(error)) return false;
      throw error;
    }
  }

  /** Null: there is no such object. */
  async head(key: string, options: CallOptions = {}): Promise<StoredObject | null> {
    const command = new HeadObjectCommand(this.place(key));
    try {
      const found = await repeated((abortSignal) => {
        return this.client.send(command, { abortSignal });
      }, options);
      return {
        size: found.ContentLength ?? 0,
        etag: found.ETag ?? '',
        identity: found.Metadata?.[IDENTITY] ?? null,
        modifiedAt: found.LastModified ?? new Date(),
      };
    } catch (error) {
      if (!isNotFound(error)) throw error;
      // Its answer has no body that would say who says so: anything on the way, or the bucket.
      if (await this.#isSurelyMissing(key, options)) return null;
      throw error;
    }
  }

  /** Opens an object, or a range within it, and reads nothing yet. Null: there is no such object. */
  async get(
    key: string,
    range?: ByteRange,
    { ifMatch, ...options }: CallOptions & { readonly ifMatch?: string } = {},
  ): Promise<OpenedObject | null> {
    const command = new GetObjectCommand({
      ...this.place(key),
      ...(range && { Range: `bytes=${range.start}-${range.end}` }),
      ...(ifMatch && { IfMatch: ifMatch }),
    });
    try {
      const found = await repeated(
        (abortSignal) => this.reader.send(command, { abortSignal }),
        options,
      );
      const body = found.Body as Readable;
      // One that breaks while nobody reads it yet says so when it is read, and must not end the process.
      body.on('error', ignore);
      return {
        body,
        length: found.ContentLength ?? 0,
        etag: found.ETag ?? '',
        identity: found.Metadata?.[IDENTITY] ?? null,
      };
    } catch (error) {
      if (isNoObject(error)) return null;
      throw error;
    }
  }

  /** Idempotent. Many at once, where the store can do that. */
  async remove(keys: readonly string[], options: RemoveOptions = {}): Promise<void> {
    for (let at = 0; at < keys.length; at += MOST_KEYS) {
      await this.#removeSome(keys.slice(at, at + MOST_KEYS), options);
    }
  }

  /** All whose keys begin with `prefix`, in the order of their keys. */
  async *list(prefix: string, options: CallOptions = {}): AsyncGenerator<ListedObject> {
    let after: string | undefined;
    do {
      const command = new ListObjectsV2Command({
        Bucket: this.name,
        Prefix: this.options.prefix + prefix,
        ContinuationToken: after,
      });
      const page: ListObjectsV2CommandOutput = await repeated(
        (abortSignal) => this.client.send(command, { abortSignal }),
        options,
      );
      for (const { Key, Size, LastModified } of page.Contents ?? []) {
        if (Key === undefined) continue;
        yield { key: this.keyOf(Key), size: Size ?? 0, modifiedAt: LastModified ?? new Date() };
      }
      after = page.IsTruncated ? page.NextContinuationToken : undefined;
    } while (after !== undefined);
  }

  /** @throws what the store says to a request about the bucket */
  async requireBucket(): Promise<void> {
    const command = new HeadBucketCommand({ Bucket: this.name });
    await repeated((abortSignal) => this.client.send(command, { abortSignal }));
  }

  place(key: string): { Bucket: string; Key: string } {
    return { Bucket: this.name, Key: this.options.prefix + key };
  }

  /** Of an object's key in the bucket, which must be below the prefix. */
  keyOf(objectKey: string): string {
    return objectKey.slice(this.options.prefix.length);
  }

  /** As `x-amz-copy-source` has it. */
  sourceOf(key: string): string {
    const { Bucket, Key } = this.place(key);
    return `${Bucket}/${Key.split('/').map(encodeURIComponent).join('/')}`;
  }

  get encryption(): Pick<PutSettings, 'ServerSideEncryption' | 'SSEKMSKeyId'> {
    const { serverSideEncryption, sseKmsKeyId } = this.options;
    return {
      ...(serverSideEncryption && { ServerSideEncryption: serverSideEncryption }),
      ...(sseKmsKeyId && { SSEKMSKeyId: sseKmsKeyId }),
    };
  }

  finalSettings(identity: string): PutSettings {
    const { storageClass } = this.options;
    return {
      ...this.encryption,
      ...(storageClass && { StorageClass: storageClass as 'STANDARD' }),
      Metadata: { [IDENTITY]: identity },
      ContentType: 'application/octet-stream',
    };
  }

  async #put(key: string, payload: Payload, settings: PutSettings, options: CallOptions) {
    const md5 = payload.md5;
    await repeatedUpload(
      payload,
      (sent, abortSignal) => {
        const command = new PutObjectCommand({
          ...this.place(key),
          ...settings,
          Body: sent.body,
          ContentLength: payload.length,
          ...(md5 && { ContentMD5: Buffer.from(md5, 'hex').toString('base64') }),
        });
        return this.client.send(command, { abortSignal });
      },
      options,
    );
  }

  async #removeSome(keys: readonly string[], options: RemoveOptions): Promise<void> {
    if (keys.length > 1 && this.#hasBatches && (await this.#removeBatch(keys, options))) {
      for (const key of keys) options.removed?.(key);
      return;
    }
    await inLanes(keys, LANES, async (key) => {
      const command = new DeleteObjectCommand(this.place(key));
      await repeated((abortSignal) => this.client.send(command, { abortSignal }), options).catch(
        (error: unknown) => {
          if (!isNoObject(error)) throw error;
        },
      );
      options.removed?.(key);
    });
  }

  /** False: the store has no such call, or not all of them went. */
  async #removeBatch(keys: readonly string[], options: CallOptions): Promise<boolean> {
    const Objects = keys.map((key) => ({ Key: this.place(key).Key }));
    try {
      const { Errors = [] } = await repeated((abortSignal) => {
        const command = new DeleteObjectsCommand({
          Bucket: this.name,
          Delete: { Objects, Quiet: true },
        });
        return this.client.send(command, { abortSignal });
      }, options);
      return Errors.length === 0;
    } catch (error) {
      if (!isMisunderstood(error)) throw error;
      this.#hasBatches = false;
      return false;
    }
  }

  async #isSurelyMissing(key: string, options: CallOptions): Promise<boolean> {
    try {
      const found = await this.get(key, undefined, options);
      found?.body.destroy();
      return found === null;
    } catch {
      return false;
    }
  }
}

type PutSettings = Pick<
  ConstructorParameters<typeof PutObjectCommand>[0],
  'ServerSideEncryption' | 'SSEKMSKeyId' | 'StorageClass' | 'Metadata' | 'ContentType'
>;

function ignore(): void {}
