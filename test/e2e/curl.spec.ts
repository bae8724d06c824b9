import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { curl } from '../support/curl.js';
import { type Host, startHost, withHost } from '../support/host.js';
import { md5, sample } from '../support/upload-client.js';

// The first requests of somebody who has read half of the documentation: each answer says what is
// wrong with it and shows what is right.

const file = sample(300);
let host: Host;
let folder: string;
let path: string;
let uploads: string;

beforeAll(async () => {
  host = await startHost();
  uploads = `${host.url}/uploads`;
  folder = await mkdtemp(join(tmpdir(), 'curl-'));
  path = join(folder, 'photo.jpg');
  await writeFile(path, file);
});
afterAll(async () => {
  await host?.close();
  await rm(folder, { recursive: true, force: true });
});

const RANGE = ['-H', 'Content-Range: bytes 0-299/300'];
const RAW = ['-H', 'Content-Type: application/octet-stream'];
const PUT = ['-X', 'PUT'];

/** Expects a 400 that begins and goes on with these words. */
async function refused(answer: ReturnType<typeof curl>, ...words: string[]): Promise<string> {
  const { status, body } = await answer;
  const detail = typeof body.detail === 'string' ? body.detail : JSON.stringify(body.detail);
  expect({ status, detail }).toEqual({ status: 400, detail: expect.any(String) });
  expect(detail.slice(0, words[0]?.length)).toBe(words[0]);
  for (const each of words) expect(detail).toContain(each);
  return detail;
}

describe('curl -T', () => {
  it('without Content-Range is shown one, with which it is taken', async () => {
    const url = `${uploads}?filename=photo.jpg`;
    const detail = await refused(
      curl(url, '-T', path),
      'Error in request headers: Content-Range is missing',
    );
    const [, header = ''] = /"(Content-Range: bytes 0-299\/300)"/.exec(detail) ?? [];
    expect(await curl(url, '-T', path, '-H', header)).toMatchObject({
      status: 200,
      body: { offset: 300, total: 300 },
    });
  });

  it.each(['bytes=0-299/300', 'bytes 0-299', '0-299/300', 'bytes 299-0/300'])(
    'with the Content-Range "%s" is shown a right one',
    async (range) => {
      await refused(
        curl(`${uploads}?filename=a`, '-T', path, '-H', `Content-Range: ${range}`),
        `Error in request headers: Content-Range is "${range}"`,
        '"Content-Range: bytes 0-99/300"',
      );
    },
  );

  it('with a last byte that is the size is told the last byte', async () => {
    await refused(
      curl(`${uploads}?filename=a`, '-T', path, '-H', 'Content-Range: bytes 0-300/300'),
      'End of chunk exceeds reported total (300 bytes)',
      'the last byte of such a file is 299',
    );
  });

  it('without a filename is told where to say it', async () => {
    await refused(
      curl(uploads, '-T', path, ...RANGE),
      '{"filename":["This field is required.',
      '?filename=photo.jpg',
      'Content-Disposition',
    );
  });
});

describe('curl --data-binary', () => {
  it('as a form, as curl sends it, is told the type of bytes', async () => {
    for (const method of [PUT, []]) {
      await refused(
        curl(`${uploads}?filename=a`, ...method, '--data-binary', `@${path}`, ...RANGE),
        'No chunk file was submitted: ',
        "application/x-www-form-urlencoded, which is curl's default",
        '"Content-Type: application/octet-stream"',
      );
    }
  });

  it('as JSON is told the type of bytes', async () => {
    const json = ['-H', 'Content-Type: application/json', '-d', '{"a":1}'];
    await refused(
      curl(`${uploads}?filename=a`, ...PUT, ...RANGE, ...json),
      'No chunk file was submitted: ',
      'application/json',
      '"Content-Type: application/octet-stream"',
    );
  });

  it('as bytes is taken', async () => {
    const sent = curl(
      `${uploads}?filename=a`,
      ...PUT,
      '--data-binary',
      `@${path}`,
      ...RANGE,
      ...RAW,
    );
    expect(await sent).toMatchObject({ status: 200, body: { offset: 300 } });
  });

  it('of a form that is too long, where the host parses none, is told the type of bytes', async () => {
    const long = join(folder, 'long.bin');
    await writeFile(long, Buffer.alloc(300_000, 'a'));
    const options = { platform: 'express', nest: { bodyParser: false } } as const;
    await withHost(options, async (own) => {
      await refused(
        curl(`${own.url}/uploads?filename=a`, ...PUT, '--data-binary', `@${long}`, ...RANGE),
        'No chunk file was submitted: ',
        'at most 65536 bytes',
        '"Content-Type: application/octet-stream"',
      );
    });
  });
});

describe('curl -F', () => {
  it('by PUT without Content-Range is shown one', async () => {
    await refused(
      curl(uploads, ...PUT, '-F', `file=@${path}`),
      'Error in request headers: Content-Range is missing',
      '"Content-Range: bytes 0-99/300"',
    );
  });

  it('by POST without md5 is told of it, and taken with it', async () => {
    await refused(
      curl(uploads, '-F', `file=@${path}`),
      "Both 'id' and 'md5' are required: md5 is missing",
      'md5sum',
    );
    const taken = await curl(uploads, '-F', `file=@${path}`, '-F', `md5=${md5(file)}`);
    expect(taken).toMatchObject({ status: 200, body: { status: 2, filename: 'photo.jpg' } });
  });

  it.each([
    ['image=@', 'the form has its file in the part "image" instead of "file"'],
    ['file=', '"file" came as text'],
    ['title=', 'the form has no part "file" with a file in it'],
  ])('%s is told which part is missing', async (part, words) => {
    for (const method of [PUT, []]) {
      const sent = curl(uploads, ...method, '-F', `${part}${path}`, ...RANGE);
      await refused(sent, 'No chunk file was submitted: ', words);
    }
  });

  it('with a type of its own, which has no boundary, is told to leave it', async () => {
    const type = ['-H', 'Content-Type: multipart/form-data'];
    await refused(
      curl(uploads, ...PUT, '--data-binary', `@${path}`, ...RANGE, ...type),
      'The form is not well-formed',
      'no boundary',
    );
  });
});

describe('curl -X POST', () => {
  it('to complete, without md5, is told of it', async () => {
    const { body } = await curl(`${uploads}?filename=a`, '-T', path, ...RANGE);
    const url = `${uploads}/${String(body['id'])}`;
    for (const fields of [[], ['-d', 'sum=1'], ['-d', 'md5=']]) {
      await refused(
        curl(url, '-X', 'POST', ...fields),
        "Both 'id' and 'md5' are required: ",
        'md5sum',
      );
    }
    expect(await curl(url, '-d', `md5=${md5(file)}`)).toMatchObject({ status: 200 });
  });

  it('with neither a file nor an id is told of both', async () => {
    await refused(
      curl(uploads, '-X', 'POST'),
      'No chunk file was submitted: there is no body',
      'by its id in the path',
    );
  });

  it('of a file to an upload is told how its chunks are sent', async () => {
    const { body } = await curl(`${uploads}?filename=a`, '-T', path, ...RANGE);
    const url = `${uploads}/${String(body['id'])}`;
    await refused(
      curl(url, '-F', `file=@${path}`),
      'A file cannot be sent with the request that completes an upload',
      'by PUT',
    );
  });
});
