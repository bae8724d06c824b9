import {
  IsBoolean,
  IsInt,
  IsNotEmpty,
  IsOptional,
  IsString,
  Max,
  MaxLength,
} from 'class-validator';
import { AbstractChunkedUpload } from 'nestjs-chunked-upload';
import { Column, Entity } from 'typeorm';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type Host, startHost, withHost } from '../support/host.js';
import { storedFiles } from '../support/stored-files.js';
import { UploadClient, md5, sample } from '../support/upload-client.js';

@Entity()
class Video extends AbstractChunkedUpload {
  @Column()
  title!: string;

  @Column('int', { nullable: true })
  year!: number | null;

  @Column({ default: false })
  adult!: boolean;

  @Column('varchar', { length: 3, nullable: true })
  language!: string | null;

  @Column('varchar', { unique: true, nullable: true })
  isan!: string | null;

  @Column({ default: 'nobody' })
  reviewedBy!: string;
}

class VideoFields {
  @IsString()
  @IsNotEmpty()
  @MaxLength(20)
  title!: string;

  @IsOptional()
  @IsInt()
  @Max(2100)
  year?: number;

  @IsOptional()
  @IsBoolean()
  adult?: boolean;

  /** Looser than its column. */
  @IsOptional()
  @IsString()
  language?: string;

  @IsOptional()
  @IsString()
  isan?: string;

  /** Without a decorator: nobody may set it. */
  reviewedBy?: string;
}

const file = sample(300);
const first = file.subarray(0, 100);
let host: Host;
let client: UploadClient;

beforeAll(async () => {
  host = await startHost({ types: [{ path: 'videos', entity: Video, fields: VideoFields }] });
  client = new UploadClient(`${host.url}/videos`);
});
afterAll(() => host.close());

const asked = { title: 'Sea', year: '1999', adult: 'false' };
const shown = { title: 'Sea', year: 1999, adult: false };

describe('fields', () => {
  it.each([
    ['in the query string', { query: asked }],
    ['in a form before the file', { form: { before: asked } }],
    ['in a form after the file', { form: { after: asked } }],
  ])('%s are set by the first request and shown by every verb', async (_, options) => {
    const begun = await client.begin(first, 300, options);
    expect(begun).toMatchObject(shown);
    expect((await client.get(begun.id)).body).toMatchObject(shown);
    const next = { id: begun.id, query: { title: 'Other' } };
    const put = await client.put('bytes 100-299/300', file.subarray(100), next);
    expect(put.upload).toMatchObject({ ...shown, offset: 300 });
    expect((await client.complete(begun.id, md5(file))).upload).toMatchObject(shown);
    expect(await client.list()).toContainEqual(expect.objectContaining({ id: begun.id, ...shown }));
  });

  it('come as JSON, too, where an upload begins without bytes', async () => {
    const headers = { 'content-type': 'application/json', 'content-range': 'bytes */300' };
    for (const adult of [true, false]) {
      const given = JSON.stringify({ filename: 'a.mp4', title: 'Sea', year: 1999, adult });
      const answer = await client.send('PUT', { headers }, given);
      const body = { filename: 'a.mp4', title: 'Sea', year: 1999, adult };
      expect(answer).toMatchObject({ status: 200, body });
    }
  });

  it('are set by a whole file in one request', async () => {
    const query = { ...asked, md5: md5(file) };
    expect((await client.whole(file, { query })).upload).toMatchObject(shown);
  });

  it('that were left out are shown as the database has them', async () => {
    const begun = await client.begin(first, 300, { query: { title: 'Sea' } });
    expect(begun).toMatchObject({ title: 'Sea', year: null, adult: false });
  });

  it.each([
    ['missing', {}, 'title'],
    ['too long', { title: 'x'.repeat(64 * 1024 - 1) }, 'title'],
    ['of the wrong type', { ...asked, year: 'soon' }, 'year'],
    ['blank where a number belongs', { ...asked, year: '' }, 'year'],
    ['neither true nor false', { ...asked, adult: 'perhaps' }, 'adult'],
    ['too large', { ...asked, year: '9'.repeat(400) }, 'year'],
    ['no text for the database', { ...asked, title: 'a\0b' }, 'title'],
    ['below what the column holds', { ...asked, year: '-2147483649' }, 'year'],
    ['longer than the column', { ...asked, language: 'english' }, 'language'],
  ])('that are %s are refused by name, and nothing is left', async (_, before, field) => {
    const files = await storedFiles(host.root);
    for (const options of [{ form: { before } }, { form: { after: before } }]) {
      const answer = await client.put('bytes 0-99/300', first, options);
      expect(answer).toMatchObject({
        status: 400,
        detail: { [field]: expect.arrayContaining([expect.any(String)]) },
      });
    }
    expect(await storedFiles(host.root)).toEqual(files);
  });

  it('that the table has already, where it wants them unique, are refused', async () => {
    const query = { title: 'Sea', isan: '0000-0000-3A8D' };
    await client.begin(first, 300, { query });
    const files = await storedFiles(host.root);
    for (const answer of [
      await client.put('bytes 0-99/300', first, { query }),
      await client.whole(file, { query: { ...query, md5: md5(file) } }),
    ]) {
      expect(answer).toMatchObject({ status: 400, detail: { isan: [expect.any(String)] } });
    }
    expect(await storedFiles(host.root)).toEqual(files);
  });

  it('are all that a client can set', async () => {
    const forged = {
      ...asked,
      reviewedBy: 'me',
      creator: 'bob',
      status: '2',
      offset: '300',
      key: '../../x',
      id: '00000000-0000-4000-8000-000000000000',
      ownerType: 'person',
      owner_type: '',
      __proto__: 'x',
      constructor: 'x',
    };
    for (const options of [{ query: forged }, { form: { before: forged } }]) {
      const { id } = await client.begin(first, 300, options);
      const row = await host.dataSource.getRepository(Video).findOneByOrFail({ id });
      const { reviewedBy, creator, status, offset } = row;
      expect([reviewedBy, creator, status, offset]).toEqual(['nobody', 'ann', 1, 100]);
      expect(row.key).not.toContain('..');
      expect(row.ownerType).toBeNull();
    }
  });

  it('stop the start where the entity has no such column, or the class no decorator', async () => {
    class Unknown {
      @IsString()
      subtitle!: string;
    }
    class Forged {
      @IsString()
      creator!: string;
    }
    class Bare {
      title!: string;
    }
    for (const [fields, sentence] of [
      [Unknown, '"subtitle"'],
      [Forged, '"creator"'],
      [Bare, 'no property'],
    ] as const) {
      const types = [{ path: 'videos', entity: Video, fields }];
      const start = withHost({ types }, async () => undefined);
      await expect(start).rejects.toThrow(sentence);
    }
  });
});
