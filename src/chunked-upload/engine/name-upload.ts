import { APPLICATION, type UploadContext } from '../chunked-upload.context.js';
import type { AbstractChunkedUpload } from '../chunked-upload.entity.js';
import { checkFilename } from '../filename.js';
import { storageFailure } from '../storage/storage-failure.js';
import { uploadKeys } from '../storage/upload-keys.js';
import type { UploadEngine } from './upload-engine.js';
import type { Writer } from './writer.js';

/** Whether an upload was begun by somebody who did not know the file's name yet: it bears its id. */
function isUnnamed({ filename, id, offset }: AbstractChunkedUpload): boolean {
  return filename === id && offset === 0;
}

/**
 * Gives its name to an upload that was begun without one, before its first byte, and asks the rules
 * again, those about names for the first time. One whose name never comes is called by its id, and
 * judged by that. Others keep the name that they have.
 *
 * @throws ChunkedUploadError `invalid_field` where a rule refuses it
 */
export async function nameUpload<T extends AbstractChunkedUpload>(
  engine: UploadEngine<T>,
  upload: T,
  writer: Writer,
  given: string | undefined,
  context: UploadContext | undefined,
): Promise<T> {
  if (!isUnnamed(upload)) return upload;
  const { type, repository } = engine;
  const filename = given === undefined ? undefined : checkFilename(given);
  const sizes = { size: 0, total: upload.total, mimeType: null };
  const called = Object.assign(upload, { filename: filename ?? upload.id });
  await engine.ask('begin', called, sizes, context ?? APPLICATION);
  if (filename === undefined) return upload;
  // Else a file that is allowed by another name would be kept under this one's extension.
  const keys = uploadKeys(type, upload.id, type.mayBeNamed(filename) ? filename : '');
  // What an earlier attempt has left under the old key nobody would find there any more.
  if (upload.attempt > 1 && keys.key !== upload.key) {
    await type.storage.remove(upload).catch(storageFailure);
  }
  const named = await repository.setName(upload.id, writer.token, { filename, ...keys });
  if (!named) throw await engine.lost(writer);
  return named;
}
