import { mkdir, readFile, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { TypeOrmModule } from '@nestjs/typeorm';
import { Entity, PrimaryGeneratedColumn } from 'typeorm';
import { expect, it } from 'vitest';
import { withHost } from '../support/host.js';
import { blockWith, readme } from '../support/readmes.js';
import { UploadClient, sample } from '../support/upload-client.js';

@Entity()
class Person {
  @PrimaryGeneratedColumn()
  id!: number;
}

// As Django's migrations leave them, for what the README's statement reads.
const TABLES = [
  'CREATE TABLE django_content_type (id serial PRIMARY KEY, app_label text, model text)',
  `CREATE TABLE uploads_upload (
    id uuid PRIMARY KEY, file varchar(255), filename varchar(255), creator_id integer,
    "offset" bigint, status smallint, created_at timestamptz, completed_at timestamptz,
    owner_type_id integer, owner_id integer)`,
  "INSERT INTO django_content_type VALUES (5, 'people', 'person')",
];

const ID = '2127a2f7-075b-41a9-8f73-adaa07fe91f2';
const PATH = `chunked_uploads/2020/01/02/${ID}.done.bin`;

it("the README's statement takes over the complete uploads of drf-chunked-upload", async () => {
  const page = await readme('src/chunked-upload/migrations/README.md');
  const statement = blockWith(page, 'sql', 'INSERT INTO chunked_upload');
  const host = {
    upload: { owners: { person: { entity: Person, canAttach: () => true } } },
    imports: [TypeOrmModule.forFeature([Person])],
  };
  await withHost(host, async ({ url, dataSource, root, uploads }) => {
    for (const table of TABLES) await dataSource.query(table);
    await mkdir(dirname(join(root, PATH)), { recursive: true });
    const bytes = sample(300);
    await writeFile(join(root, PATH), bytes);
    const row = [ID, PATH, 'a.bin', 7, 300, 2, new Date(), new Date(), 5, 1];
    const places = row.map((_, at) => `$${at + 1}`).join();
    await dataSource.query(`INSERT INTO uploads_upload VALUES (${places})`, row);
    const people = dataSource.getRepository(Person);
    const person = await people.save(people.create({ id: 1 }));

    await dataSource.query(statement);

    const creator = new UploadClient(`${url}/uploads`, '7');
    const shown = { id: ID, status: 2, total: 300, owner_type: 'person', owner_id: '1' };
    expect((await creator.get(ID)).body).toMatchObject(shown);
    expect((await creator.download(ID)).bytes).toEqual(bytes);
    expect((await creator.as('8').get(ID)).status).toBe(404);
    expect(await uploads.findByOwner(person)).toHaveLength(1);
    expect((await creator.delete(ID)).status).toBe(204);
    await expect(readFile(join(root, PATH))).rejects.toThrow('ENOENT');
  });
});
