import { type ChunkedUploadOptions } from '../options.js';
import { type RememberedUpload } from '../upload-memory.js';
import { type FileRuleOptions } from './file-rules.js';
import { type QueueTexts } from './texts.js';

/** Options for all files: those of a single upload, except the ones about one file. */
export interface UploadQueueOptions
  extends
    Omit<
      ChunkedUploadOptions,
      'fileName' | 'folder' | 'onProgress' | 'onRetry' | 'onStateChange' | 'signal'
    >,
    FileRuleOptions {
  /** How many files are sent at once; default 3. */
  readonly atOnce?: number;
  /** Your own sentences by code, or a translation. */
  readonly texts?: Partial<QueueTexts>;
}

/** About the files of one `add()`. */
export interface AddOptions {
  /** Form fields sent with their first requests, instead of the queue's. */
  readonly fields?: ChunkedUploadOptions['fields'];
  /** The upload to continue. Another file, or one that has changed, is refused. */
  readonly resuming?: RememberedUpload;
}
