import { type DynamicModule, Module, type Type } from '@nestjs/common';
import { ModulesContainer } from '@nestjs/core';
import type { AbstractChunkedUpload } from '../chunked-upload.entity.js';
import type { AdminOptions, ChunkedUploadExtras } from '../chunked-upload.options.js';
import { createAdminController } from './admin-controller.factory.js';
import { ADMINISTERED_TYPES, ADMIN_PATH } from './admin.tokens.js';
import { AdminPathCheck } from './admin-path.check.js';
import { AdminService } from './admin.service.js';
import { administeredBy } from './administered-types.js';

/** A page and its endpoints, behind guards of the host. */
@Module({})
export class AdminModule {
  /**
   * @param imports modules that the guards inject from
   * @param only the entity of the one type that it shows; default: all types of the application
   */
  static register(
    { path, guards }: AdminOptions,
    imports: ChunkedUploadExtras['imports'] = [],
    only?: Type<AbstractChunkedUpload>,
  ): DynamicModule {
    return {
      module: AdminModule,
      imports,
      controllers: [createAdminController(path, guards)],
      providers: [
        AdminService,
        AdminPathCheck,
        { provide: ADMIN_PATH, useValue: path },
        {
          provide: ADMINISTERED_TYPES,
          inject: [ModulesContainer],
          useFactory: (application: ModulesContainer) => administeredBy(application, only),
        },
      ],
    };
  }
}
