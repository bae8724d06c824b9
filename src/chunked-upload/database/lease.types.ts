import type { StorageState } from '../storage/storage.provider.js';
import type { Scope } from './upload-table.js';

/** The upload as a writer must find it. */
export interface Wanted {
  readonly scope: Scope;
  /** Null: wherever it is. */
  readonly offset: number | null;
  readonly total: number | null;
  /** The process that takes the lease; null where it has no lasting name. */
  readonly holder: string | null;
}

/** An upload whose lease has just been taken. */
export interface Leased<T> {
  readonly upload: T;
  /**
   * Whose lease had run out before: unless it is known to have ended, that writer may still run
   * somewhere, and write once more. Null: the one before gave it back.
   */
  readonly before: Held | null;
}

/** Whose lease it is. */
export interface Held {
  readonly token: string;
  /** The process that holds it; null where it has no lasting name. */
  readonly holder: string | null;
}

/** What a writer that gives its lease back says of itself. */
export interface Release {
  /** Whether it may have left anything in the storage. */
  readonly hasWritten: boolean;
  readonly contested: boolean;
}

/** What a chunk adds to its row, in one statement. */
export interface Progress {
  readonly offset: number;
  readonly total: number | null;
  readonly checksumState: Buffer | null;
  readonly storageState: StorageState | null;
  readonly firstBytes: Buffer | null;
  readonly mimeType: string | null;
}

/** What is known of a file once it is whole. */
export interface CompletionResult {
  readonly checksum: string | null;
  readonly storageState: StorageState | null;
  readonly mimeType: string | null;
}

/** A row as it was at one moment of the database's clock. */
export interface Sighting<T> {
  readonly upload: T;
  readonly expired: boolean;
  readonly leased: boolean;
}

/** What became of a lease that was to be renewed. */
export interface Renewal {
  readonly id: string;
  /** Whether the row still bears the writer's token. */
  readonly held: boolean;
  readonly renewed: boolean;
  /** Whether another process asked the writer to let go. */
  readonly takeoverRequested: boolean;
  /** A removal begins with that, too. */
  readonly aborted: boolean;
  readonly removed: boolean;
}
