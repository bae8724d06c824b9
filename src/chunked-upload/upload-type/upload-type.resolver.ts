import type { ModuleRef } from '@nestjs/core';
import type { DataSource, EntityMetadata } from 'typeorm';
import { getMetadataArgsStorage } from 'typeorm';
import { AbstractChunkedUpload } from '../chunked-upload.entity.js';
import { Connections } from '../database/connections.js';
import type { UploadType } from '../engine/upload-type.js';
import { OwnFields } from '../fields/own-fields.js';
import { failOption } from '../chunked-upload.errors.js';
import { OwnerPolicy } from '../owners/owner.policy.js';
import { OwnerTypes } from '../owners/owner-types.js';
import { ExtensionPolicy } from '../policies/extension.policy.js';
import { MimeTypePolicy } from '../policies/mime-type.policy.js';
import type { UploadPolicy } from '../policies/upload.policy.js';
import { claimedSum } from '../protocols/protocols.js';
import type { UploadTypeDraft } from './upload-type.factory.js';

/** Completes a draft by what Nest injects into its policies, and TypeORM knows of its entity. */
export async function resolveUploadType(
  draft: UploadTypeDraft,
  entity: new () => AbstractChunkedUpload,
  dataSource: DataSource,
  moduleRef: ModuleRef,
): Promise<UploadType> {
  if (!dataSource.hasMetadata(entity)) {
    failOption(
      'entity',
      `${entity.name} is not an entity of the data source: list it in its "entities", or set autoLoadEntities: true`,
    );
  }
  const metadata = dataSource.getMetadata(entity);
  const { allowedExtensions, allowedMimeTypes, policies, fields, ...rest } = draft;
  const connections = new Connections(dataSource, draft.callTimeoutMs);
  const owners = new OwnerTypes(draft.owners, connections);
  const named: (ExtensionPolicy | MimeTypePolicy)[] = [];
  if (allowedExtensions) named.push(new ExtensionPolicy(allowedExtensions));
  if (allowedMimeTypes) named.push(new MimeTypePolicy(allowedMimeTypes));
  const builtIn: UploadPolicy[] = [];
  if (draft.owners.size > 0) builtIn.push(new OwnerPolicy(owners));
  const own = policies.map(async (policy) =>
    typeof policy === 'function' ? moduleRef.create(policy) : policy,
  );
  const columns = ownColumns(metadata);
  const algorithm = draft.checksum?.algorithm ?? null;
  return {
    ...rest,
    claimedSum: (upload) => (algorithm === null ? null : claimedSum(upload, algorithm)),
    namePolicies: named,
    policies: [...builtIn, ...(await Promise.all(own))],
    mayBeNamed: (filename) => {
      const subject = { stage: 'begin', filename, mimeType: null } as const;
      return named.every((policy) => !policy.check(subject));
    },
    readsFirstBytes: allowedMimeTypes !== null || policies.length > 0,
    owners,
    fields: fields && (await OwnFields.of(fields, columns)),
  };
}

/** Properties of the columns that the host's entity adds, without those of embedded objects. */
function ownColumns({ columns }: EntityMetadata): string[] {
  const base = getMetadataArgsStorage()
    .columns.filter(({ target }) => target === AbstractChunkedUpload)
    .map(({ propertyName }) => propertyName);
  return columns.map(({ propertyPath }) => propertyPath).filter((name) => !base.includes(name));
}
