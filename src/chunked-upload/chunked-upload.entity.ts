import { Column, Entity, Index, PrimaryColumn, type ValueTransformer } from 'typeorm';
import { EngineProperty } from './database/engine-property.js';
import type { StorageState } from './storage/storage.provider.js';

/** The `status` of an upload, also in JSON. 1 and 2 are the same as in drf-chunked-upload. */
export enum ChunkedUploadStatus {
  Incomplete = 1,
  Complete = 2,
  Aborted = 3,
}

// Postgres sends bigint as a string. Sizes are refused above 2^53 - 1, so a number holds them all.
const bytes: ValueTransformer = {
  to: (value: unknown) => value,
  from: (value: string | null) => (value === null ? null : Number(value)),
};

/**
 * One upload. You can return it from a controller as it is: internal columns (keys, lease, states) can
 * be read, but do not appear in its JSON.
 *
 * Extend it to give an upload type a table, and columns, of its own:
 *
 * ```ts
 * @Entity()
 * export class Video extends AbstractChunkedUpload {
 *   @Column({ default: '' }) title: string;
 * }
 * ```
 */
@Index(['creator', 'createdAt', 'id'])
@Index(['ownerType', 'ownerId'])
// Of complete ones too: a condition would have to name a column, whatever a naming strategy calls it.
@Index(['expiresAt'])
// The admin's; those by name and size are in database/expression-indexes.ts.
@Index(['createdAt', 'id'])
@Index(['status', 'createdAt', 'id'])
export abstract class AbstractChunkedUpload {
  @PrimaryColumn('uuid', { name: 'id' })
  id!: string;

  /** The client's name for the file; never part of a path. 1 to 255 characters. */
  @Column('varchar', { name: 'filename', length: 255 })
  filename!: string;

  /** Where the storage keeps the bytes while they arrive. */
  @EngineProperty()
  @Column('text', { name: 'key' })
  key!: string;

  /** Where the storage keeps the bytes once they are all there. */
  @EngineProperty()
  @Column('text', { name: 'final_key' })
  finalKey!: string;

  /** What the storage has to remember about this upload, committed together with the offset. */
  @EngineProperty()
  @Column('jsonb', { name: 'storage_state', nullable: true })
  storageState!: StorageState | null;

  /** Bytes durably received. */
  @Column('bigint', { name: 'offset', default: 0, transformer: bytes })
  offset!: number;

  /** Size of the whole file in bytes; null while it is unknown. */
  @Column('bigint', { name: 'total', nullable: true, transformer: bytes })
  total!: number | null;

  /**
   * State of the half-computed checksum, with its position (at `offset`, or up to 8 MiB before it) and its
   * algorithm. Null once complete.
   */
  @EngineProperty()
  @Column('bytea', { name: 'checksum_state', nullable: true })
  checksumState!: Buffer | null;

  /** The verified checksum in hex; null until complete, and for types with `checksum: false`. */
  @Column('text', { name: 'checksum', nullable: true })
  checksum!: string | null;

  /** The first bytes, as long as they are too few to recognise a type; null afterwards. */
  @EngineProperty()
  @Column('bytea', { name: 'first_bytes', nullable: true })
  firstBytes!: Buffer | null;

  /** The type that the first bytes show, if a rule needs it; null also if they show none. */
  @Column('text', { name: 'mime_type', nullable: true })
  mimeType!: string | null;

  @Column('smallint', { name: 'status', default: ChunkedUploadStatus.Incomplete })
  status!: ChunkedUploadStatus;

  /** The user who began the upload; null for an anonymous one. */
  @Column('text', { name: 'creator', nullable: true })
  creator!: string | null;

  /** Name, in the option `owners`, of the kind of record that the upload belongs to. */
  @Column('text', { name: 'owner_type', nullable: true })
  ownerType!: string | null;

  @Column('text', { name: 'owner_id', nullable: true })
  ownerId!: string | null;

  /** Name of the protocol by which it was begun; null where the service was called without HTTP. */
  @EngineProperty()
  @Column('text', { name: 'protocol', nullable: true })
  protocol!: string | null;

  /** What its client said of the file in the words of that protocol, which it may ask for again. */
  @EngineProperty()
  @Column('text', { name: 'client_metadata', nullable: true })
  clientMetadata!: string | null;

  @Column('timestamptz', { name: 'created_at' })
  createdAt!: Date;

  @Column('timestamptz', { name: 'completed_at', nullable: true })
  completedAt!: Date | null;

  /** When an unfinished upload stops taking bytes; null for never, and once complete. */
  @Column('timestamptz', { name: 'expires_at', nullable: true })
  expiresAt!: Date | null;

  /** Token of the request that is writing. A writer whose token is no longer here commits nothing. */
  @EngineProperty()
  @Column('uuid', { name: 'lease_token', nullable: true })
  leaseToken!: string | null;

  /** The process that holds the lease, for its successor after a crash. */
  @EngineProperty()
  @Column('text', { name: 'lease_holder', nullable: true })
  leaseHolder!: string | null;

  @EngineProperty()
  @Column('timestamptz', { name: 'lease_until', nullable: true })
  leaseUntil!: Date | null;

  /**
   * How many writers have taken the upload since one last committed and gave it back. Each of them may
   * have left bytes in the storage that no offset counts.
   */
  @EngineProperty()
  @Column('integer', { name: 'attempt', default: 0 })
  attempt!: number;

  /** When a request in another process last asked the writer to let go if it is silent. */
  @EngineProperty()
  @Column('timestamptz', { name: 'takeover_requested_at', nullable: true })
  takeoverRequestedAt!: Date | null;

  /** Where the last 20 chunks ended, each with its time in milliseconds since 1970; for people. */
  @EngineProperty()
  @Column('jsonb', { name: 'history', nullable: true })
  history!: [offset: number, time: number][] | null;

  /** What `onComplete` returned, for clients that complete again. */
  @EngineProperty()
  @Column('simple-json', { name: 'response', nullable: true })
  response!: unknown;
}

/** The upload of an application that needs no columns of its own. */
@Entity('chunked_upload')
export class ChunkedUpload extends AbstractChunkedUpload {}
