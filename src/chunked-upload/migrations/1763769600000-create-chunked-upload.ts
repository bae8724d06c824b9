import type { MigrationInterface, QueryRunner } from 'typeorm';
import { ChunkedUpload } from '../chunked-upload.entity.js';
import { createUploadTable } from './create-upload-table.js';

export class CreateChunkedUpload1763769600000 implements MigrationInterface {
  readonly name = 'CreateChunkedUpload1763769600000';

  async up(queryRunner: QueryRunner): Promise<void> {
    await createUploadTable(queryRunner, ChunkedUpload);
  }

  async down(queryRunner: QueryRunner): Promise<void> {
    await queryRunner.dropTable(queryRunner.connection.getMetadata(ChunkedUpload).tablePath);
  }
}
