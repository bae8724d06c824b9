export { type ChosenFile } from './chosen-file.js';
export { type FileRuleOptions, type Refusal } from './file-rules.js';
export {
  type QueueItem,
  type QueueItemError,
  type QueueItemState,
  type QueueSnapshot,
} from './queue-item.js';
export { type AddOptions, type UploadQueueOptions } from './queue-options.js';
export { type QueueTexts } from './texts.js';
export { UploadQueue } from './upload-queue.js';
