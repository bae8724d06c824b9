import type { ModuleRef } from '@nestjs/core';
import type { DataSource, EntityMetadata } from 'typeorm';
import { getMetadataArgsStorage } from 'typeorm';
import { AbstractChunkedUpload } from './chunked-upload.entity.js';
import type { UploadType } from './engine/upload-type.js';
import { OwnFields } from './fields/own-fields.js';
import { fail } from './option-checks.js';
import { ExtensionPolicy } from './policies/extension.policy.js';
import { MimeTypePolicy } from './policies/mime-type.policy.js';
import type { UploadPolicy } from './policies/upload.policy.js';
import type { UploadTypeDraft } from './upload-type.factory.js';

/** Completes a draft by what Nest injects into its policies, and TypeORM knows of its entity. */
export async function resolveUploadType(
  { allowedExtensions, allowedMimeTypes, policies, fields, ...draft }: UploadTypeDraft,
  entity: new () => AbstractChunkedUpload,
  dataSource: DataSource,
  moduleRef: ModuleRef,
): Promise<UploadType> {
  if (!dataSource.hasMetadata(entity)) {
    fail('entity', `${entity.name} is not an entity of the data source: list it in its "entities"`);
  }
  const builtIn: UploadPolicy[] = [];
  if (allowedExtensions) builtIn.push(new ExtensionPolicy(allowedExtensions));
  if (allowedMimeTypes) builtIn.push(new MimeTypePolicy(allowedMimeTypes));
  const own = policies.map(async (policy) =>
    typeof policy === 'function' ? moduleRef.create(policy) : policy,
  );
  const columns = ownColumns(dataSource.getMetadata(entity));
  return {
    ...draft,
    policies: [...builtIn, ...(await Promise.all(own))],
    fields: fields && (await OwnFields.of(fields, columns)),
  };
}

/** Properties of the columns that the host's entity adds. */
function ownColumns({ columns }: EntityMetadata): string[] {
  const base = getMetadataArgsStorage()
    .columns.filter(({ target }) => target === AbstractChunkedUpload)
    .map(({ propertyName }) => propertyName);
  return columns.map(({ propertyName }) => propertyName).filter((name) => !base.includes(name));
}
