import { ConfigurableModuleBuilder, type DynamicModule, type Provider } from '@nestjs/common';
import { ModulesContainer } from '@nestjs/core';
import { getDataSourceToken } from '@nestjs/typeorm';
import type { DataSource } from 'typeorm';
import { AdminModule } from './admin/admin.module.js';
import { ChunkedUpload } from './chunked-upload.entity.js';
import type { ChunkedUploadExtras, ChunkedUploadRootOptions } from './chunked-upload.options.js';
import { ChunkedUploadService } from './chunked-upload.service.js';
import {
  CHUNKED_UPLOAD_OPTIONS,
  INHERITED_DATA_SOURCE,
  getChunkedUploadToken,
} from './chunked-upload.tokens.js';
import { ChunkedUploadHealthIndicator } from './health/chunked-upload-health.indicator.js';
import { limitProcessMemory } from './memory/process-memory.js';
import { checkEarlyOptions } from './upload-type/early-options.js';
import { type InheritedOptions, setInheritedOptions } from './upload-type/inherited-options.js';
import { memoryOf, typeOptionsOf } from './upload-type/root-options.js';
import { draftUploadType } from './upload-type/upload-type.factory.js';
import { registerRoot } from './upload-type/upload-type.registry.js';
import { type UploadTypeEarly, uploadTypeModule } from './upload-type/upload-type.module.js';

// Without a type of its own nobody else looks at them, unless further types do.
const CHECKED_DEFAULTS = {
  provide: Symbol('CHECKED_DEFAULTS'),
  inject: [CHUNKED_UPLOAD_OPTIONS],
  useFactory: (options: ChunkedUploadRootOptions) => draftUploadType('', typeOptionsOf(options)),
};

const PROCESS_MEMORY = {
  provide: Symbol('PROCESS_MEMORY'),
  inject: [CHUNKED_UPLOAD_OPTIONS],
  useFactory: (options: ChunkedUploadRootOptions) => limitProcessMemory(memoryOf(options)),
};

const ONLY_ROOT = {
  provide: Symbol('ONLY_ROOT'),
  inject: [ModulesContainer],
  useFactory: registerRoot,
};

// Null where nobody needs it: all types may name data sources of their own.
function inheritedDataSource(name: string | undefined): Provider {
  return {
    provide: INHERITED_DATA_SOURCE,
    inject: [{ token: getDataSourceToken(name), optional: true }],
    useFactory: (dataSource?: DataSource) => dataSource ?? null,
  };
}

/** `module`, which says what is inherited now, and when Nest scans it. */
function inheritedFrom(inherited: InheritedOptions, module: DynamicModule): DynamicModule {
  const { imports = [] } = module;
  setInheritedOptions(inherited);
  return {
    ...module,
    get imports() {
      setInheritedOptions(inherited);
      return imports;
    },
  };
}

/** `forRoot` and `forRootAsync`: the defaults of all types and, unless `path` is false, one type. */
export const { ConfigurableModuleClass, OPTIONS_TYPE, ASYNC_OPTIONS_TYPE } =
  new ConfigurableModuleBuilder<ChunkedUploadRootOptions>({
    optionsInjectionToken: CHUNKED_UPLOAD_OPTIONS,
  })
    .setClassMethodName('forRoot')
    .setExtras<ChunkedUploadExtras>(
      {
        path: 'uploads',
        entity: ChunkedUpload,
        controller: undefined,
        admin: undefined,
        dataSource: undefined,
        imports: [],
      },
      (definition, extras) => {
        const { path = 'uploads', entity = ChunkedUpload } = extras;
        checkEarlyOptions({ ...extras, path, entity });
        const { dataSource } = extras;
        // Those of `forRootAsync` are not among the extras.
        const imports = [...(definition.imports ?? []), ...(extras.imports ?? [])];
        const inherited = { dataSource, imports };
        const shared = [
          inheritedDataSource(dataSource),
          ONLY_ROOT,
          PROCESS_MEMORY,
          ChunkedUploadHealthIndicator,
        ];
        const providers = [...(definition.providers ?? []), ...shared];
        const exports = [
          CHUNKED_UPLOAD_OPTIONS,
          INHERITED_DATA_SOURCE,
          ChunkedUploadHealthIndicator,
        ];
        const admins = extras.admin ? [AdminModule.register(extras.admin, imports)] : [];
        if (path === false) {
          return inheritedFrom(inherited, {
            ...definition,
            global: true,
            imports: [...(definition.imports ?? []), ...admins],
            providers: [...providers, CHECKED_DEFAULTS],
            exports,
          });
        }
        const early: UploadTypeEarly = { ...extras, path, entity, imports };
        const type = uploadTypeModule(early, {
          inject: [CHUNKED_UPLOAD_OPTIONS],
          useFactory: typeOptionsOf,
        });
        return inheritedFrom(inherited, {
          ...definition,
          global: true,
          imports: [...(definition.imports ?? []), type, ...admins],
          providers: [
            ...providers,
            { provide: ChunkedUploadService, useExisting: getChunkedUploadToken(entity) },
          ],
          exports: [...exports, ChunkedUploadService, type],
        });
      },
    )
    .build();
