import type { MigrationInterface, QueryRunner } from 'typeorm';
import { ChunkedUpload } from '../chunked-upload.entity.js';
import { updateUploadTable } from './update-upload-table.js';

/** For tables of version 0.1; a table that is new has it all. */
export class UpdateChunkedUpload1764115200000 implements MigrationInterface {
  readonly name = 'UpdateChunkedUpload1764115200000';

  async up(queryRunner: QueryRunner): Promise<void> {
    await updateUploadTable(queryRunner, ChunkedUpload);
  }

  /** Leaves all as it is: version 0.1 does not mind a column more. */
  async down(): Promise<void> {}
}
