import {
  type DynamicModule,
  Module,
  type ModuleMetadata,
  type Provider,
  type Type,
} from '@nestjs/common';
import { ModulesContainer } from '@nestjs/core';
import type { AbstractChunkedUpload } from '../chunked-upload.entity.js';
import type { AdminOptions } from '../chunked-upload.options.js';
import { createAdminController } from './admin-controller.factory.js';
import { ADMINISTERED_TYPES, ADMIN_PATH } from './admin.tokens.js';
import { AdminActionsService } from './admin-actions.service.js';
import { AdminJournal } from './admin-journal.js';
import { AdminService } from './admin.service.js';
import { registerAdmin } from '../upload-type/upload-type.registry.js';
import { administeredBy } from './administered-types.js';

/** A page and its endpoints, behind guards of the host, in a module of its own. */
@Module({})
export class AdminModule {
  /** @param imports modules that the guards inject from */
  static register(options: AdminOptions, imports: ModuleMetadata['imports']): DynamicModule {
    return { module: AdminModule, imports: imports ?? [], ...adminParts(options) };
  }
}

/**
 * What a module needs to have an admin.
 *
 * @param only the entity of the one type that it shows; default: all types of the application
 */
export function adminParts(
  options: AdminOptions,
  only?: Type<AbstractChunkedUpload>,
): { controllers: Type[]; providers: Provider[] } {
  const { path } = options;
  return {
    controllers: [createAdminController(options)],
    providers: [
      AdminService,
      AdminActionsService,
      AdminJournal,
      {
        provide: ADMIN_PATH,
        inject: [ModulesContainer],
        useFactory: (application: ModulesContainer) => {
          registerAdmin(application, path);
          return path;
        },
      },
      {
        provide: ADMINISTERED_TYPES,
        inject: [ModulesContainer],
        useFactory: (application: ModulesContainer) => administeredBy(application, only),
      },
    ],
  };
}
