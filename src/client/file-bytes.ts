import { UploadError } from './upload-error.js';

/**
 * The bytes of a file from `begin` up to the one before `end`.
 *
 * @throws UploadError `unreadable`, when the file was changed, moved or removed since it was chosen
 */
export async function readBytes(
  file: Blob,
  begin: number,
  end: number,
): Promise<Uint8Array<ArrayBuffer>> {
  try {
    return new Uint8Array(await file.slice(begin, end).arrayBuffer());
  } catch (error) {
    throw UploadError.unreadable(error);
  }
}
