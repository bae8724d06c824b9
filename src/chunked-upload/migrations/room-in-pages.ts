import type { QueryRunner } from 'typeorm';
import type { AbstractChunkedUpload } from '../chunked-upload.entity.js';
import type { UploadTable } from '../database/upload-table.js';

/** Of each page, in percent, what inserted rows may fill. */
const FILLFACTOR = 70;

/**
 * Every chunk rewrites its upload's row twice. With room on its page Postgres does that in place
 * (a heap-only tuple), touches no index, and clears the old version away by itself.
 */
export async function leaveRoomInPages(
  queryRunner: QueryRunner,
  { name }: UploadTable<AbstractChunkedUpload>,
): Promise<void> {
  await queryRunner.query(`ALTER TABLE ${name} SET (fillfactor = ${FILLFACTOR})`);
}
