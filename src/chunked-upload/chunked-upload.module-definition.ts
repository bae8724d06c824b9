import { ConfigurableModuleBuilder } from '@nestjs/common';
import { ChunkedUpload } from './chunked-upload.entity.js';
import type { ChunkedUploadExtras, ChunkedUploadTypeOptions } from './chunked-upload.options.js';
import { ChunkedUploadService } from './chunked-upload.service.js';
import { CHUNKED_UPLOAD_OPTIONS, getChunkedUploadToken } from './chunked-upload.tokens.js';
import { checkEarlyOptions } from './early-options.js';
import { draftUploadType } from './upload-type.factory.js';
import { type UploadTypeEarly, uploadTypeModule } from './upload-type.module.js';

// Without a type of its own nobody else looks at them, unless further types do.
const CHECKED_DEFAULTS = {
  provide: Symbol('CHECKED_DEFAULTS'),
  inject: [CHUNKED_UPLOAD_OPTIONS],
  useFactory: (options: ChunkedUploadTypeOptions) => draftUploadType('', options),
};

/** `forRoot` and `forRootAsync`: the defaults of all types and, unless `path` is false, one type. */
export const { ConfigurableModuleClass, OPTIONS_TYPE, ASYNC_OPTIONS_TYPE } =
  new ConfigurableModuleBuilder<ChunkedUploadTypeOptions>({
    optionsInjectionToken: CHUNKED_UPLOAD_OPTIONS,
  })
    .setClassMethodName('forRoot')
    .setExtras<ChunkedUploadExtras>(
      {
        path: 'uploads',
        entity: ChunkedUpload,
        controller: undefined,
        dataSource: undefined,
        imports: [],
      },
      (definition, extras) => {
        const { path = 'uploads', entity = ChunkedUpload } = extras;
        checkEarlyOptions({ ...extras, path, entity });
        if (path === false) {
          return {
            ...definition,
            global: true,
            providers: [...(definition.providers ?? []), CHECKED_DEFAULTS],
            exports: [CHUNKED_UPLOAD_OPTIONS],
          };
        }
        // Those of `forRootAsync` are not among the extras.
        const imports = [...(definition.imports ?? []), ...(extras.imports ?? [])];
        const early: UploadTypeEarly = { ...extras, path, entity, imports };
        const type = uploadTypeModule(early, {
          inject: [CHUNKED_UPLOAD_OPTIONS],
          useFactory: (options: ChunkedUploadTypeOptions) => options,
        });
        return {
          ...definition,
          global: true,
          imports: [...(definition.imports ?? []), type],
          providers: [
            ...(definition.providers ?? []),
            { provide: ChunkedUploadService, useExisting: getChunkedUploadToken(entity) },
          ],
          exports: [CHUNKED_UPLOAD_OPTIONS, ChunkedUploadService, type],
        };
      },
    )
    .build();
