import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type Host, startHost } from '../support/host.js';
import { storedFiles } from '../support/stored-files.js';
import { UploadClient, sample } from '../support/upload-client.js';

let host: Host;
let ann: UploadClient;
const file = sample(100);
const range = 'bytes 0-99/100';

beforeAll(async () => {
  host = await startHost();
  ann = new UploadClient(`${host.url}/uploads`);
});
afterAll(() => host.close());

/** The names below the root that belong to an upload: a stored path never holds a client's name. */
async function storedAs(id: string): Promise<string[]> {
  const names = (await storedFiles(host.root)).filter((name) => name.includes(id));
  return names.map((name) => name.slice(name.indexOf(id) + id.length));
}

/** One part of a form; the file's without a name of its own. */
const part = (name: string, value: string) =>
  `--b\r\nContent-Disposition: form-data; name="${name}"\r\n${
    name === 'file' ? 'Content-Type: application/octet-stream\r\n' : ''
  }\r\n${value}\r\n`;

const KEPT: [name: string, extension: string][] = [
  ['film.mp4', '.mp4'],
  ['archive.tar.gz', '.gz'],
  ['IMAGE.JPG', '.jpg'],
  ['evil.jpg.php', '.php'],
  ['no extension', ''],
  ['.hidden', ''],
  ['trailing.', ''],
  ['a.extension-with-signs', ''],
  ['a.extensionofmorethansixteenletters', ''],
  ['a.ünicode', ''],
  ['CON', ''],
  ['-rf', ''],
  ['‮gpj.exe', '.exe'],
  ['📁 文件.bin', '.bin'],
  ['a%2fb%00c.txt', '.txt'],
  ['a"b;c=d.txt', '.txt'],
  ['$(id)`id`.sh', '.sh'],
  ['x'.repeat(255), ''],
  ['📁'.repeat(255), ''],
];

describe('A name is kept as it is, and gives the stored file no more than its extension', () => {
  it.each(KEPT)('%j raw, in the query', async (filename, extension) => {
    const { id, filename: shown } = await ann.begin(file, 100, { filename });
    expect(shown).toBe(filename);
    expect(await storedAs(id)).toEqual([`.part${extension}`]);
  });

  it.each(KEPT)(
    '%j as the field of a form; the extension is that of the part',
    async (filename) => {
      const form = { before: { filename }, filename: 'part.bin' };
      const { id, filename: shown } = await ann.begin(file, 100, { form });
      expect(shown).toBe(filename);
      expect(await storedAs(id)).toEqual(['.part.bin']);
    },
  );

  it.each([
    ['film.mp4', 'film.mp4'],
    ['📁 文件.bin', '📁 文件.bin'],
    ['C:\\fakepath\\film.mp4', 'film.mp4'],
    ['../../etc/passwd', 'passwd'],
    ['/etc/passwd', 'passwd'],
    ['folder/film.mp4', 'film.mp4'],
  ])('%j as the name of the part is kept as %j', async (filename, kept) => {
    const { filename: shown } = await ann.begin(file, 100, { form: { filename } });
    expect(shown).toBe(kept);
  });

  it('with a slash in the field: that is a name, not a path', async () => {
    const { id, filename } = await ann.begin(file, 100, { filename: '../../etc/passwd.txt' });
    expect(filename).toBe('../../etc/passwd.txt');
    expect(await storedAs(id)).toEqual(['.part.txt']);
  });

  it('without the blanks around it', async () => {
    const { filename } = await ann.begin(file, 100, { filename: '  film.mp4\t' });
    expect(filename).toBe('film.mp4');
  });
});

describe('Quotes in the name of a part', () => {
  // As clients write the header themselves.
  const send = async (disposition: string) => {
    const headers = { 'content-type': 'multipart/form-data; boundary=b', 'content-range': range };
    const head = `--b\r\nContent-Disposition: form-data; name="file"; ${disposition}\r\n\r\n`;
    const body = Buffer.concat([Buffer.from(head), file, Buffer.from('\r\n--b--\r\n')]);
    return ann.send('PUT', { headers }, body);
  };

  it.each([
    ['as browsers write them', 'filename="John %22Magic%22 Smith.png"', 'John "Magic" Smith.png'],
    ['escaped', String.raw`filename="John \"Magic\" Smith.png"`, 'John "Magic" Smith.png'],
    ['escaped, around it', String.raw`filename="\"Magic\""`, '"Magic"'],
    ['escaped, before a semicolon', String.raw`filename="\"hi\"; bye.txt"`, '"hi"; bye.txt'],
    ['as they are', 'filename="test".png"', 'test".png'],
    ['as they are, around it', 'filename=""Magic""', '"Magic"'],
    ['before another parameter', 'filename="a"b.png"; size=100', 'a"b.png'],
    ['after which its header goes on', 'filename="photo.jpg".html', 'photo.jpg'],
    ['that another name has', String.raw`filename="a\"b"; filename*=UTF-8''c%22d`, 'c"d'],
  ])('%s', async (_, disposition, kept) => {
    expect(await send(disposition)).toMatchObject({ status: 200, body: { filename: kept } });
  });
});

describe('The field goes before the name of the part', () => {
  it.each(['before', 'after'] as const)('%s the file', async (place) => {
    const form = { [place]: { filename: 'field.txt' }, filename: 'part.bin' };
    expect((await ann.begin(file, 100, { form })).filename).toBe('field.txt');
  });

  it('in the query too', async () => {
    const options = { query: { filename: 'query.txt' }, form: { filename: 'part.bin' } };
    expect((await ann.begin(file, 100, options)).filename).toBe('query.txt');
  });
});

describe('The Content-Disposition of a raw body', () => {
  it.each([
    ['attachment; filename="film.mp4"', 'film.mp4'],
    ['attachment; filename=film.mp4', 'film.mp4'],
    [`attachment; filename="x"; filename*=UTF-8''na%C3%AFve.txt`, 'naïve.txt'],
    ['attachment; filename="na%C3%AFve%20name.txt"', 'naïve name.txt'],
    ['attachment; filename="100%.txt"', '100%.txt'],
    ['attachment; filename="../../etc/passwd"', 'passwd'],
    ['attachment; filename="C:\\\\dir\\\\film.mp4"', 'film.mp4'],
  ])('%s names the file %j', async (disposition, name) => {
    const headers = { 'content-disposition': disposition };
    const without = { headers, filename: undefined } as const;
    const answer = await ann.send(
      'PUT',
      { headers: { ...without.headers, 'content-range': range, 'content-type': 'video/mp4' } },
      file,
    );
    expect(answer).toMatchObject({ status: 200, body: { filename: name } });
  });

  it.each(['naïve résumé.txt', '문서 보고서.txt', '📁.bin'])(
    'may name the file %j in plain UTF-8',
    async (name) => {
      for (const parameter of [`filename="${name}"`, `filename=${name}`]) {
        const headers = {
          'content-disposition': Buffer.from(`attachment; ${parameter}`).toString('latin1'),
          'content-range': range,
          'content-type': 'video/mp4',
        };
        const answer = await ann.send('PUT', { headers }, file);
        expect(answer).toMatchObject({ status: 200, body: { filename: name } });
      }
    },
  );

  it('in Latin-1, as headers once were, is no UTF-8, and kept as it was meant', async () => {
    const headers = {
      'content-disposition': 'attachment; filename="na\xEFve.txt"',
      'content-range': range,
      'content-type': 'video/mp4',
    };
    expect((await ann.send('PUT', { headers }, file)).upload.filename).toBe('naïve.txt');
  });

  it('goes behind the name in the query', async () => {
    const headers = { 'content-disposition': 'attachment; filename="header.txt"' };
    const { filename } = await ann.begin(file, 100, { headers, filename: 'query.txt' });
    expect(filename).toBe('query.txt');
  });

  it.each(['attachment', 'nonsense=', '; filename=', 'attachment; filename=""'])(
    '%j names no file',
    async (disposition) => {
      const headers = {
        'content-disposition': disposition,
        'content-range': range,
        'content-type': 'video/mp4',
      };
      const answer = await ann.send('PUT', { headers }, file);
      expect(answer).toMatchObject({
        status: 400,
        body: { detail: { filename: [expect.any(String)] } },
      });
    },
  );
});

describe('A name is refused by a sentence at `filename`, and leaves nothing', () => {
  it.each(['', '   ', '\0', 'a\0b', 'x'.repeat(256), '📁'.repeat(256), '.', '..', ' .. '])(
    '%j',
    async (filename) => {
      const before = { uploads: await ann.list(), files: await storedFiles(host.root) };
      const refused = { status: 400, body: { detail: { filename: [expect.any(String)] } } };
      expect(await ann.put(range, file, { filename })).toMatchObject(refused);
      expect(await ann.put(range, file, { form: { before: { filename } } })).toMatchObject(refused);
      expect(await ann.put(range, file, { form: { after: { filename } } })).toMatchObject(refused);
      expect({ uploads: await ann.list(), files: await storedFiles(host.root) }).toEqual(before);
    },
  );

  it.each(['.', '..', '../..', 'a/..', '..\\..'])('the name %j of a part', async (filename) => {
    const refused = { status: 400, body: { detail: { filename: [expect.any(String)] } } };
    expect(await ann.put(range, file, { form: { filename } })).toMatchObject(refused);
    const form = { filename, before: { filename: 'good.txt' } };
    expect(await ann.put(range, file, { form })).toMatchObject(refused);
  });

  it('in the query, in another charset than UTF-8', async () => {
    const answer = await fetch(`${host.url}/uploads?filename=na%EFve.txt`, {
      method: 'PUT',
      headers: { 'content-range': range, 'content-type': 'video/mp4', 'x-user': 'ann' },
      body: file,
    });
    expect(answer.status).toBe(400);
    expect(await answer.json()).toEqual({
      detail: { filename: ['This field is not in the charset UTF-8.'] },
    });
  });

  it('none at all', async () => {
    const headers = { 'content-range': range, 'content-type': 'application/octet-stream' };
    const answer = await ann.send('PUT', { headers }, file);
    expect(answer).toMatchObject({
      status: 400,
      body: { detail: { filename: [expect.any(String)] } },
    });
  });
});

describe('A part without a name', () => {
  const headers = {
    'content-type': 'multipart/form-data; boundary=b',
    'content-range': range,
  };
  const bytes = 'x'.repeat(100);

  it.each([
    ['before', part('filename', 'field.txt') + part('file', bytes)],
    ['after', part('file', bytes) + part('filename', 'field.txt')],
  ])('takes it from the field %s the file', async (_, form) => {
    const answer = await ann.send('PUT', { headers }, `${form}--b--\r\n`);
    expect(answer).toMatchObject({ status: 200, body: { filename: 'field.txt', offset: 100 } });
  });

  it('and without a field is refused', async () => {
    const answer = await ann.send('PUT', { headers }, `${part('file', bytes)}--b--\r\n`);
    expect(answer).toMatchObject({
      status: 400,
      body: { detail: { filename: [expect.any(String)] } },
    });
  });
});

describe('Ids and names of paths', () => {
  it('lead nowhere outside the root', async () => {
    const outside = await storedFiles(host.root);
    for (const id of ['..', '../..', '%2e%2e', '..%2f..', '%00', 'CON', '-rf', '📁']) {
      expect((await ann.get(id)).status).toBeGreaterThanOrEqual(200);
      expect((await ann.put(range, file, { id: encodeURIComponent(id) })).status).toBe(404);
    }
    expect(await storedFiles(host.root)).toEqual(outside);
  });
});
