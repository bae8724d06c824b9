import type { MigrationInterface, QueryRunner } from 'typeorm';
import { createUploadTable, updateUploadTable } from '../index.js';
import { FileUpload, NoteUpload, VideoUpload } from './demo.entities.js';

export class CreateUploadTables1763769600001 implements MigrationInterface {
  readonly name = 'CreateUploadTables1763769600001';

  async up(queryRunner: QueryRunner): Promise<void> {
    for (const entity of [FileUpload, VideoUpload, NoteUpload]) {
      await createUploadTable(queryRunner, entity);
    }
  }

  async down(queryRunner: QueryRunner): Promise<void> {
    for (const entity of [FileUpload, VideoUpload, NoteUpload]) {
      await queryRunner.dropTable(queryRunner.connection.getMetadata(entity).tablePath);
    }
  }
}

export class CreatePeople1763856000000 implements MigrationInterface {
  readonly name = 'CreatePeople1763856000000';

  async up(queryRunner: QueryRunner): Promise<void> {
    await queryRunner.query('CREATE TABLE person (id serial PRIMARY KEY, name text NOT NULL)');
    await queryRunner.query("INSERT INTO person (name) VALUES ('Ada'), ('Grace'), ('Edsger')");
  }

  async down(queryRunner: QueryRunner): Promise<void> {
    await queryRunner.query('DROP TABLE person');
  }
}

/** For a data folder of version 0.1. */
export class UpdateUploadTables1764115200001 implements MigrationInterface {
  readonly name = 'UpdateUploadTables1764115200001';

  async up(queryRunner: QueryRunner): Promise<void> {
    for (const entity of [FileUpload, VideoUpload, NoteUpload]) {
      await updateUploadTable(queryRunner, entity);
    }
  }

  async down(): Promise<void> {}
}
