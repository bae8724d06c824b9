import type { UploadContext } from '../../chunked-upload.context.js';
import { type AbstractChunkedUpload, ChunkedUploadStatus } from '../../chunked-upload.entity.js';
import { hasCode } from '../../chunked-upload.errors.js';
import type { ProtocolSteps } from '../http/upload-protocol.js';

/**
 * Completes an upload of which all bytes are there: nothing but the last of them, or a question, would
 * say that it is over. `filename`: where no byte has said it.
 */
export async function completeWhole(
  { uploads }: ProtocolSteps,
  upload: AbstractChunkedUpload,
  context: UploadContext,
  filename?: string,
): Promise<void> {
  const { id, offset, total, status } = upload;
  if (status !== ChunkedUploadStatus.Incomplete || offset !== total) return;
  const input = { checksum: false as const, ...(filename === undefined ? {} : { filename }) };
  try {
    await uploads.complete(id, input, context);
  } catch (error) {
    // FilePond cannot send another sum, and would go on asking.
    if (hasCode(error, 'checksum_mismatch')) await uploads.abort(id, context);
    throw error;
  }
}
