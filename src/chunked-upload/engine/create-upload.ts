import type { AbstractChunkedUpload } from '../chunked-upload.entity.js';
import { aboutUpload } from '../chunked-upload.errors.js';
import type { CreateInput } from '../chunked-upload.inputs.js';
import type { UploadContext } from '../chunked-upload.context.js';
import { announceBegun } from './announce.js';
import { NewUpload } from './new-upload.js';
import type { UploadEngine } from './upload-engine.js';

const NOTHING = new Uint8Array(0);

/** Writes the row of an upload before the first of its bytes; the storage is not asked. */
export async function createUpload<T extends AbstractChunkedUpload>(
  engine: UploadEngine<T>,
  input: CreateInput,
  context: UploadContext,
): Promise<T> {
  const sizes = { size: 0, total: input.total ?? null };
  await engine.rules.announced('begin', sizes, context);
  const named = { ...input, mayBeUnnamed: true, body: NOTHING };
  const begun = new NewUpload(engine, named, sizes, context);
  try {
    const row = { ...(await begun.judge(sizes)), checksumState: null, storageState: null };
    const upload = await begun.record(row, (manager) =>
      engine.repository.insert(row, null, manager),
    );
    announceBegun(engine, upload, false);
    return upload;
  } catch (error) {
    throw aboutUpload(error, begun.id);
  } finally {
    engine.writers.end(begun.writer);
  }
}
