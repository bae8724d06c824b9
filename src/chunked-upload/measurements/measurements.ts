import type { ChunkedUploadErrorCode } from '../chunked-upload.errors.js';

/** What every measurement says. */
export interface UploadMeasurement {
  /** The upload type: its `path`. */
  readonly type: string;
  /** The upload; null where none is known. */
  readonly id: string | null;
}

/** An upload has its record. */
export interface UploadBegun extends UploadMeasurement {
  readonly id: string;
  /** By which it was begun, such as `tus`; null: by the service, without HTTP. */
  readonly protocol: string | null;
}

/** An upload is complete. */
export interface UploadCompleted extends UploadMeasurement {
  readonly id: string;
  /** By which it was begun. */
  readonly protocol: string | null;
  /** Of the file, in bytes. */
  readonly size: number;
}

/** A request was answered with an error of this library. */
export interface UploadRefused extends UploadMeasurement {
  readonly code: ChunkedUploadErrorCode;
  /** Of the answer: 4xx, or 5xx where storage or database failed. */
  readonly status: number;
  /** Of the request. */
  readonly protocol: string;
}

/** Bytes were acknowledged: they are in the storage, and their offset is committed. */
export interface BytesReceived extends UploadMeasurement {
  readonly id: string;
  readonly bytes: number;
}

/** Some of these came in a request that broke off; `received` counts them as well. */
export type BytesSalvaged = BytesReceived;

/** A writer was ended, or found dead, for another request. */
export interface WriterTakenOver extends UploadMeasurement {
  readonly id: string;
  /** It had sent nothing for half a second; or its process has ended without giving its lease back. */
  readonly reason: 'silent' | 'dead';
}

/** A request met another one that wrote the same upload. */
export interface WriterAwaited extends UploadMeasurement {
  readonly id: string;
  /** How long it waited. */
  readonly ms: number;
  /** Whether it wrote then; false: it was refused, with 423 or by what the other one had left. */
  readonly granted: boolean;
}

/** How many requests of this process write, or complete, uploads of the type from now on. */
export interface WritersRunning extends UploadMeasurement {
  readonly id: string;
  readonly running: number;
}

/** One call of the storage or the database has ended. */
export interface OperationTimed extends UploadMeasurement {
  /**
   * The called method. Storage: those of `StorageProvider` and `StorageWriter`. Database: those of
   * the repositories; `transaction` contains others, and the host's `onComplete`.
   */
  readonly operation: string;
  readonly ms: number;
  readonly failed: boolean;
}

/** The message of each channel. */
export interface ChunkedUploadMeasurements {
  readonly begun: UploadBegun;
  readonly completed: UploadCompleted;
  readonly refused: UploadRefused;
  readonly received: BytesReceived;
  readonly salvaged: BytesSalvaged;
  readonly takeover: WriterTakenOver;
  readonly waited: WriterAwaited;
  readonly writers: WritersRunning;
  readonly storage: OperationTimed;
  readonly database: OperationTimed;
}

export type ChunkedUploadMeasurementName = keyof ChunkedUploadMeasurements;

/**
 * The names of the channels of `node:diagnostics_channel` on which measurements are published, in the
 * process that takes them. They cost nothing while nobody subscribes.
 */
export const CHUNKED_UPLOAD_CHANNELS = {
  begun: 'chunked-upload:begun',
  completed: 'chunked-upload:completed',
  refused: 'chunked-upload:refused',
  received: 'chunked-upload:received',
  salvaged: 'chunked-upload:salvaged',
  takeover: 'chunked-upload:takeover',
  waited: 'chunked-upload:waited',
  writers: 'chunked-upload:writers',
  storage: 'chunked-upload:storage',
  database: 'chunked-upload:database',
} as const satisfies Record<ChunkedUploadMeasurementName, string>;
