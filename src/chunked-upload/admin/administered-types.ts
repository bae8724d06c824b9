import type { Type } from '@nestjs/common';
import type { AbstractChunkedUpload } from '../chunked-upload.entity.js';
import type { UserOf } from '../chunked-upload.context.js';
import type { ChunkedUploadService } from '../chunked-upload.service.js';
import { ChunkedUploadError } from '../chunked-upload.errors.js';
import type { AdminOverviewRepository } from '../database/admin-overview.repository.js';
import type { AdminRepository } from '../database/admin.repository.js';

/** One upload type, as the admin sees it. */
export interface AdministeredType {
  /** Its path, without slashes at its ends. */
  readonly name: string;
  readonly entity: Type<AbstractChunkedUpload>;
  readonly uploads: ChunkedUploadService<AbstractChunkedUpload>;
  readonly records: AdminRepository;
  readonly overview: AdminOverviewRepository;
  /** Like the service's; the log is told of it by the admin itself, which knows who did it. */
  readonly removeExpired: () => Promise<{
    readonly removed: number;
    readonly failed: number;
    readonly failure: Error | null;
  }>;
  /** The names of the kinds of record that its uploads may belong to. */
  readonly ownerTypes: readonly string[];
  /** The option `user`. */
  readonly user: UserOf;
}

/** Those of an admin, or of a whole application. */
export type AdministeredTypes = () => readonly AdministeredType[];

// By application, since one process may run several.
const typesOf = new WeakMap<object, AdministeredType[]>();

export function registerAdministered(application: object, type: AdministeredType): void {
  typesOf.set(application, [...(typesOf.get(application) ?? []), type]);
}

/** The types that have been registered when it is asked: all of them, once the application runs. */
export function administeredBy(
  application: object,
  only?: Type<AbstractChunkedUpload>,
): AdministeredTypes {
  return () => {
    const types = typesOf.get(application) ?? [];
    return only ? types.filter(({ entity }) => entity === only) : types;
  };
}

/** The type of this name. @throws ChunkedUploadError `invalid_field` */
export function typeNamed(types: AdministeredTypes, name: string): AdministeredType {
  const all = types();
  const type = all.find((each) => each.name === name);
  if (type) return type;
  const names = all.map((each) => each.name).join(', ');
  const sentence = `Unknown upload type. Known: ${names}.`;
  throw ChunkedUploadError.invalidField('type', sentence);
}

/** The one of this name, or without a name all. @throws ChunkedUploadError `invalid_field` */
export function selectedTypes(
  types: AdministeredTypes,
  name: string | undefined,
): readonly AdministeredType[] {
  return name === undefined ? types() : [typeNamed(types, name)];
}
