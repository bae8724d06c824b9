import type { Type } from '@nestjs/common';
import { ModulesContainer } from '@nestjs/core';
import type { DataSource } from 'typeorm';
import type { AbstractChunkedUpload } from '../chunked-upload.entity.js';
import { ChunkedUploadRepository } from '../database/chunked-upload.repository.js';
import { ExpiryRepository, type OwnerlessCondition } from '../database/expiry.repository.js';
import { OwnedUploadRepository } from '../database/owned-upload.repository.js';
import { LeaseRepository } from '../database/lease.repository.js';
import { UploadTable } from '../database/upload-table.js';
import { Cleaner } from '../engine/cleaner.js';
import { UploadEngine } from '../engine/upload-engine.js';
import { eventEmitterOf } from '../events/event-emitter.js';
import { UploadEvents } from '../events/upload-events.js';
import { timedRepository, timedStorage } from '../measurements/timed-calls.js';
import { UploadMeasurements } from '../measurements/upload-measurements.js';
import { OwnedUploads } from '../owners/owned-uploads.js';
import { uploadTypesOf } from './upload-type.registry.js';
import type { UploadType } from '../engine/upload-type.js';

/** One upload type's objects, in the order in which they know each other. */
export interface UploadTypeParts {
  readonly table: UploadTable<AbstractChunkedUpload>;
  readonly engine: UploadEngine<AbstractChunkedUpload>;
  readonly owned: OwnedUploads<AbstractChunkedUpload>;
  readonly cleaner: Cleaner<AbstractChunkedUpload>;
}

export function createUploadTypeParts(
  type: UploadType,
  dataSource: DataSource,
  entity: Type<AbstractChunkedUpload>,
  application: ModulesContainer,
): UploadTypeParts {
  const expiry = { ms: type.expiresInMs, rolling: type.rollingExpiry };
  const table = new UploadTable(dataSource, entity);
  const measurements = new UploadMeasurements(type.path);
  const timed = <O extends object>(rows: O): O => timedRepository(rows, measurements);
  const engine = new UploadEngine(
    { ...type, storage: timedStorage(type.storage, measurements) },
    timed(new ChunkedUploadRepository(table, expiry)),
    timed(new LeaseRepository(table, type.leaseMs, expiry)),
    new UploadEvents(type.path, eventEmitterOf(application)),
    measurements,
  );
  const owned = new OwnedUploads(engine, timed(new OwnedUploadRepository(table)), dataSource);
  const ownerless: OwnerlessCondition = (position) =>
    owned.repository.orphaned(owned.owners.tables, position);
  const cleaner = new Cleaner(engine, timed(new ExpiryRepository(table, ownerless)), () =>
    uploadTypesOf(application).flatMap((other) => other.cleaner ?? []),
  );
  return { table, engine, owned, cleaner };
}
