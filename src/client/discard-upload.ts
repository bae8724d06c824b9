import { type ConnectOptions, connect } from './connect.js';
import { Endpoint } from './endpoint.js';
import { type RememberedUpload, UploadMemory } from './upload-memory.js';

/**
 * Forgets an upload of an earlier visit, and removes it from the server, unless it is complete: a
 * page that was left while its upload completed does not know.
 *
 * @returns `kept`: it is complete
 * @throws UploadError if the server cannot be reached
 */
export async function discardUpload(
  upload: RememberedUpload,
  options: ConnectOptions = {},
  memory = new UploadMemory(),
): Promise<'kept' | 'removed'> {
  memory.forget(upload);
  const { endpoint, id, size } = upload;
  const { signal } = new AbortController();
  return connect(new Endpoint(endpoint), options).discard(id, size, { signal });
}
