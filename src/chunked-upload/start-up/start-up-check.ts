import type { HttpAdapterHost } from '@nestjs/core';
import type { UploadTable } from '../database/upload-table.js';
import type { UploadType } from '../engine/upload-type.js';
import type { AbstractChunkedUpload } from '../chunked-upload.entity.js';

/** One upload type of an application that has begun to listen. */
export interface CheckedType {
  readonly type: UploadType;
  readonly table: UploadTable<AbstractChunkedUpload>;
  /** False: `controller: false`, the service alone. */
  readonly hasRoutes: boolean;
  readonly adapterHost: HttpAdapterHost;
}

/** Looks for one mistake in what surrounds the uploads, that would show only later. */
export abstract class StartUpCheck {
  /**
   * What is wrong and how it is cured, in sentences of one line; null: nothing. What throws, or
   * takes too long, says nothing either: only what is known is warned of.
   */
  abstract warning(checked: CheckedType): string | null | Promise<string | null>;
}
