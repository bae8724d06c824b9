import { Logger, type Type } from '@nestjs/common';
import { ModulesContainer } from '@nestjs/core';
import type { DataSource } from 'typeorm';
import type { AbstractChunkedUpload } from '../chunked-upload.entity.js';
import { ChunkedUploadRepository } from '../database/chunked-upload.repository.js';
import { Connections } from '../database/connections.js';
import { ExpiryRepository, type OwnerlessCondition } from '../database/expiry.repository.js';
import { OwnedUploadRepository } from '../database/owned-upload.repository.js';
import { AbortRepository } from '../database/abort.repository.js';
import { LeaseRepository } from '../database/lease.repository.js';
import { UploadTable } from '../database/upload-table.js';
import { Cleaner } from '../engine/cleaner.js';
import { cleanedUpLine, reconciledLine } from '../expiry/cleaner-lines.js';
import { UploadEngine } from '../engine/upload-engine.js';
import { eventEmitterOf } from '../events/event-emitter.js';
import { UploadEvents } from '../events/upload-events.js';
import { timedRepository, timedStorage } from '../measurements/timed-calls.js';
import { UploadMeasurements } from '../measurements/upload-measurements.js';
import { limitedStorage } from '../storage/limited-storage.js';
import { OwnedUploads } from '../owners/owned-uploads.js';
import { plainPath } from './plain-path.js';
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
  const table = new UploadTable(new Connections(dataSource, type.callTimeoutMs), entity);
  const measurements = new UploadMeasurements(type.path);
  const timed = <O extends object>(rows: O): O => timedRepository(rows, measurements);
  const engine = new UploadEngine(
    {
      ...type,
      storage: timedStorage(limitedStorage(type.storage, type.callTimeoutMs), measurements),
    },
    timed(new ChunkedUploadRepository(table, expiry, type.leaseMs)),
    timed(new LeaseRepository(table, type.leaseMs, expiry)),
    timed(new AbortRepository(table, type.leaseMs)),
    new UploadEvents(type.path, eventEmitterOf(application)),
    measurements,
  );
  const owned = new OwnedUploads(engine, timed(new OwnedUploadRepository(table)), dataSource);
  const ownerless: OwnerlessCondition = (position) =>
    owned.repository.orphaned(owned.owners.tables, position);
  const log = (line: string): void => new Logger('ChunkedUpload').log(line);
  const name = plainPath(type.path);
  const cleaner = new Cleaner(
    engine,
    timed(new ExpiryRepository(table, ownerless)),
    () => uploadTypesOf(application).flatMap((other) => other.cleaner ?? []),
    {
      cleanedUp: (done) => log(cleanedUpLine(name, done)),
      reconciled: (result) => log(reconciledLine(name, result)),
    },
  );
  return { table, engine, owned, cleaner };
}
