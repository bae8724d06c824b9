import strftime from 'strftime';
import { safeExtension } from './storage-key.js';

const utc = strftime.utc();

/**
 * The two names of an upload's bytes: `<folder>/<id>.part.bin` while they arrive and
 * `<folder>/<id>.done.bin` after. Nothing of the client's but a cleaned extension gets in.
 */
export function uploadKeys(
  options: {
    readonly uploadPath: string;
    readonly incompleteExt: string;
    readonly completeExt: string;
  },
  id: string,
  clientName: string,
): { key: string; finalKey: string } {
  const base = `${utc(options.uploadPath)}/${id}`;
  const extension = safeExtension(clientName);
  return {
    key: `${base}${options.incompleteExt}${extension}`,
    finalKey: `${base}${options.completeExt}${extension}`,
  };
}
