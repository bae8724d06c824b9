import { type ChunkedUploadOptions } from '../options.js';
import { type RememberedUpload } from '../upload-memory.js';
import { type FileRuleOptions } from './file-rules.js';
import { type QueueTexts } from './texts.js';

/** What is the same for each file; of a single upload's options those that are not about one file. */
export interface UploadQueueOptions
  extends
    Omit<
      ChunkedUploadOptions,
      'fileName' | 'folder' | 'onProgress' | 'onRetry' | 'onStateChange' | 'signal'
    >,
    FileRuleOptions {
  /** How many files are sent at once; default 3. */
  readonly atOnce?: number;
  /** Other sentences than the English ones, by code. */
  readonly texts?: Partial<QueueTexts>;
}

/** About the files of one `add()`. */
export interface AddOptions {
  /** What their first requests tell; in place of the queue's. */
  readonly fields?: ChunkedUploadOptions['fields'];
  /** What the file is to continue: another file, or one that has changed, is refused. */
  readonly resuming?: RememberedUpload;
}
