import type { Checksum } from '../checksum/checksum.js';
import type { OnComplete, SizeLimit, UserOf } from '../chunked-upload.options.js';
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
  readonly fieldName: string;
  readonly checksum: Checksum | null;
  readonly onComplete: OnComplete | null;
}
