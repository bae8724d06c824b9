import type { AbstractChunkedUpload } from '../../chunked-upload.entity.js';
import type { CompletedUpload } from '../../chunked-upload.inputs.js';
import type { UploadContext } from '../../chunked-upload.context.js';
import type { ChunkedUploadService } from '../../chunked-upload.service.js';
import type { UploadType } from '../../engine/upload-type.js';
import type { HostRequest } from './host-request.js';

/** What a protocol needs of the controller whose requests it answers. */
export interface ProtocolSteps {
  readonly uploads: ChunkedUploadService<AbstractChunkedUpload>;
  readonly uploadType: UploadType;
  context(request: HostRequest): Promise<UploadContext>;
  /** What a completing request is answered. */
  answerCompletion(
    completed: CompletedUpload<AbstractChunkedUpload>,
    collectionUrl: string,
  ): unknown;
}
