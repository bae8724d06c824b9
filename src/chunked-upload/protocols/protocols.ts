import type { AbstractChunkedUpload } from '../chunked-upload.entity.js';
import { filePond } from './filepond/filepond.protocol.js';
import type { UploadProtocol } from './http/upload-protocol.js';
import { resumableHttp } from './resumable-http/resumable-http.protocol.js';
import { tus } from './tus/tus.protocol.js';

/** In the order in which a request is asked for them: by the surest mark first. */
const PROTOCOLS: readonly UploadProtocol[] = [tus, resumableHttp, filePond];

/** Those of an upload type, besides its own, which is that of all other requests. */
export function protocolsNamed(names: readonly string[]): readonly UploadProtocol[] {
  return PROTOCOLS.filter(({ name }) => names.includes(name));
}

/**
 * The sum in hex of the whole file that its client has said when it began the upload, whatever the
 * protocol that brings its last byte; null: none.
 */
export function claimedSum(
  { protocol, clientMetadata }: Pick<AbstractChunkedUpload, 'protocol' | 'clientMetadata'>,
  algorithm: string,
): string | null {
  if (clientMetadata === null) return null;
  const begunBy = PROTOCOLS.find(({ name }) => name === protocol);
  return begunBy?.sumIn?.(clientMetadata, algorithm) ?? null;
}
