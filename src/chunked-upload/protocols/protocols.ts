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
