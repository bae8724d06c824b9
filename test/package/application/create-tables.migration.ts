import { createUploadTable } from 'nestjs-chunked-upload';
import type { MigrationInterface, QueryRunner } from 'typeorm';
import { Video } from './entities.js';

export class CreateTables1763856000000 implements MigrationInterface {
  async up(queryRunner: QueryRunner): Promise<void> {
    await createUploadTable(queryRunner, Video);
    await queryRunner.query('CREATE TABLE person (id serial PRIMARY KEY, name text NOT NULL)');
    await queryRunner.query("INSERT INTO person (name) VALUES ('Ann')");
  }

  async down(queryRunner: QueryRunner): Promise<void> {
    await queryRunner.query('DROP TABLE person, video');
  }
}
