import { Column, Entity } from 'typeorm';
import { IsOptional, IsString } from 'class-validator';
import { AbstractChunkedUpload } from 'nestjs-chunked-upload';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type Host, startHost } from '../support/host.js';
import { storedFiles } from '../support/stored-files.js';
import { UploadClient, md5, sample } from '../support/upload-client.js';

@Entity()
class Titled extends AbstractChunkedUpload {
  @Column('varchar', { default: '', length: 20 })
  title!: string;
}

class TitleFields {
  @IsOptional()
  @IsString()
  title?: string;
}

class Everybody {
  canActivate(): boolean {
    return true;
  }
}

const file = sample(100);
const range = 'bytes 0-99/100';
const LONG = '📁'.repeat(255);

describe.each([
  ['LATIN1', { held: 'naïve.txt', refused: '文件.txt' }],
  ['SQL_ASCII', { held: '文件.txt', refused: LONG }],
  ['EUC_KR', { held: '문서.txt', refused: '📁.bin' }],
])('A database in %s', (encoding, { held, refused }) => {
  let host: Host;
  let ann: UploadClient;

  beforeAll(async () => {
    host = await startHost({
      databaseOptions: `ENCODING '${encoding}' LOCALE 'C' TEMPLATE template0`,
      upload: {
        onComplete: (upload) => (upload.filename === held ? { said: '📁 文件' } : undefined),
        admin: {
          path: 'admin',
          guards: [Everybody],
        },
      },
      types: [{ path: 'titled', entity: Titled, fields: TitleFields }],
    });
    ann = new UploadClient(`${host.url}/uploads`);
  });
  afterAll(() => host.close());

  it('keeps the names that it can hold', async () => {
    const upload = await ann.begin(file, 100, { filename: held });
    expect(upload.filename).toBe(held);
    expect((await ann.complete(upload.id, md5(file))).body).toEqual({ said: '📁 文件' });
    expect((await ann.get(upload.id)).upload.filename).toBe(held);
    // Whatever it can hold: JSON is kept.
    expect((await ann.complete(upload.id, md5(file))).body).toEqual({ said: '📁 文件' });
  });

  it('a name that it cannot hold is a 400, and leaves nothing', async () => {
    const before = { uploads: await ann.list(), files: await storedFiles(host.root) };
    const answer = {
      status: 400,
      body: { detail: { filename: ['This value cannot be stored.'] } },
    };
    expect(await ann.put(range, file, { filename: refused })).toMatchObject(answer);
    expect(await ann.put('bytes */100', Buffer.alloc(0), { filename: refused })).toMatchObject(
      answer,
    );
    const query = { md5: md5(file) };
    expect(await ann.whole(file, { filename: refused, query })).toMatchObject(answer);
    expect({ uploads: await ann.list(), files: await storedFiles(host.root) }).toEqual(before);
  });

  it('so is the value of a field', async () => {
    const titled = new UploadClient(`${host.url}/titled`);
    const sentence = ['This value cannot be stored.'];
    const query = { title: encoding === 'SQL_ASCII' ? 'x'.repeat(21) : '📁' };
    expect(await titled.put(range, file, { query })).toMatchObject({
      status: 400,
      body: { detail: { title: sentence } },
    });
    expect(
      (await titled.begin(file, 100, { filename: held, query: { title: 'plain' } })).offset,
    ).toBe(100);
  });

  it('what it cannot hold is found nowhere', async () => {
    expect(await ann.list({ owner_type: '📁', owner_id: '📁' })).toEqual([]);
    const admin = new UploadClient(`${host.url}/admin/api/uploads`);
    for (const filter of ['search', 'creator', 'owner_id']) {
      const answer = await admin.send('GET', { query: { [filter]: '📁' } });
      expect(answer).toMatchObject({ status: 200, body: { uploads: [] } });
    }
    expect((await new UploadClient(ann.url, 'ann').get(crypto.randomUUID())).status).toBe(404);
  });
});
