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

/** For the admin's search within names. Without the extension, or the right to create it, it stays as it is. */
export class SearchWithinNames1764201600001 implements MigrationInterface {
  readonly name = 'SearchWithinNames1764201600001';

  async up(queryRunner: QueryRunner): Promise<void> {
    const available = (await queryRunner.query(
      `SELECT 1 FROM pg_available_extensions WHERE name = 'pg_trgm'`,
    )) as unknown[];
    if (available.length === 0) return;
    // A savepoint: what fails in a transaction ends all of it.
    await queryRunner.query('SAVEPOINT extension');
    try {
      await queryRunner.query('CREATE EXTENSION IF NOT EXISTS pg_trgm');
    } catch {
      await queryRunner.query('ROLLBACK TO SAVEPOINT extension');
      return;
    }
    for (const entity of [FileUpload, VideoUpload, NoteUpload]) {
      await updateUploadTable(queryRunner, entity);
    }
  }

  async down(): Promise<void> {}
}
