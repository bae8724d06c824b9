import type { Checksum } from '../checksum/checksum.js';
import type { AbstractChunkedUpload } from '../chunked-upload.entity.js';
import type { OnComplete, SizeLimit, UserOf } from '../chunked-upload.context.js';
import type { UploadPolicy } from '../policies/upload.policy.js';
import type { OwnerTypes } from '../owners/owner-types.js';
import type { OwnFields } from '../fields/own-fields.js';
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
  /** How long one statement, or one call of the storage, may take. */
  readonly callTimeoutMs: number;
  readonly userRestricted: boolean;
  readonly user: UserOf;
  readonly minBytes: SizeLimit;
  readonly maxBytes: SizeLimit;
  /** Those that judge a file by its name; asked first, once there is one. */
  readonly namePolicies: readonly UploadPolicy[];
  /** In the order in which they are asked: owners, then the host's own. */
  readonly policies: readonly UploadPolicy[];
  /** Whether a name, of which the stored file gets the extension, is one that the rules allow. */
  readonly mayBeNamed: (clientName: string) => boolean;
  /** Whether one of them asks what the first bytes say. */
  readonly readsFirstBytes: boolean;
  readonly owners: OwnerTypes;
  readonly fields: OwnFields | null;
  readonly fieldName: string;
  /** Names of what clients may speak. */
  readonly protocols: readonly string[];
  readonly checksum: Checksum | null;
  /** The checksum in hex that a client has said when it began; null: none. */
  readonly claimedSum: (
    upload: Pick<AbstractChunkedUpload, 'protocol' | 'clientMetadata'>,
  ) => string | null;
  readonly onComplete: OnComplete | null;
  /** How often expired uploads are removed; null: not by itself. */
  readonly cleanupMs: number | null;
}
