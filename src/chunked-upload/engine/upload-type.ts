import type { Type } from '@nestjs/common';
import type { Checksum } from '../checksum/checksum.js';
import type { OnComplete, OwnerOptions, SizeLimit, UserOf } from '../chunked-upload.options.js';
import type { UploadPolicy } from '../policies/upload.policy.js';
import type { StorageProvider } from '../storage/storage.provider.js';

/** The options of one upload type, checked, with defaults filled in and durations in milliseconds. */
export interface UploadType {
  readonly path: string;
  readonly storage: StorageProvider;
  readonly uploadPath: string;
  readonly incompleteExt: string;
  readonly completeExt: string;
  readonly expiresInMs: number | null;
  readonly rollingExpiry: boolean;
  readonly leaseMs: number;
  readonly userRestricted: boolean;
  readonly user: UserOf;
  readonly minBytes: SizeLimit;
  readonly maxBytes: SizeLimit;
  /** In lower case, without a dot; null: all. */
  readonly allowedExtensions: readonly string[] | null;
  /** In lower case, `image/*` among them; null: all. */
  readonly allowedMimeTypes: readonly string[] | null;
  /** The host's own. */
  readonly policies: readonly (UploadPolicy | Type<UploadPolicy>)[];
  /** By their names in requests. */
  readonly owners: ReadonlyMap<string, OwnerOptions>;
  readonly fields: Type | null;
  readonly fieldName: string;
  readonly checksum: Checksum | null;
  readonly onComplete: OnComplete | null;
  /** How often expired uploads are removed; null: not by itself. */
  readonly cleanupMs: number | null;
}
