import { createHash } from 'node:crypto';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type Host, startHost } from '../support/host.js';
import { UploadClient, md5, sample } from '../support/upload-client.js';

// A client may say the sum of its file when it begins. Whoever brings the last byte, it is compared.

const file = sample(300);
const OCTETS = 'application/offset+octet-stream';

let host: Host;

beforeAll(async () => {
  const protocols = ['content-range', 'tus', 'filepond', 'resumable-http'] as const;
  host = await startHost({ upload: { protocols } });
});
afterAll(() => host?.close());

type Headers = Readonly<Record<string, string>>;

function ask(method: string, target: string, headers: Headers, body: Uint8Array | null) {
  return fetch(`${host.url}/uploads${target}`, {
    method,
    headers: { 'x-user': 'ann', ...headers },
    body: body as BodyInit | null,
  });
}

type BodyInit = Uint8Array<ArrayBuffer>;

const base64 = (text: string) => Buffer.from(text).toString('base64');
const VERSION = { 'tus-resumable': '1.0.0' };
const DRAFT = { 'upload-draft-interop-version': '8' };

/** Begins an upload by its headers; `said`: the sum, in hex. */
const begins: Record<string, (said: string) => Promise<Response>> = {
  tus: (said) =>
    ask(
      'POST',
      '',
      { ...VERSION, 'upload-length': '300', 'upload-metadata': `md5 ${base64(said)}` },
      null,
    ),
  filepond: (said) => {
    const form = new FormData();
    form.append('filepond', JSON.stringify({ md5: said, filename: 'a.txt' }));
    return fetch(`${host.url}/uploads`, {
      method: 'POST',
      headers: { 'x-user': 'ann', 'upload-length': '300' },
      body: form,
    });
  },
  'resumable-http': (said) =>
    ask(
      'POST',
      '?filename=a.txt',
      {
        ...DRAFT,
        'upload-complete': '?0',
        'upload-length': '300',
        'repr-digest': `md5=:${Buffer.from(said, 'hex').toString('base64')}:`,
      },
      null,
    ),
};

const ends: Record<string, (id: string) => Promise<Response>> = {
  tus: (id) =>
    ask('PATCH', `/${id}`, { ...VERSION, 'content-type': OCTETS, 'upload-offset': '0' }, file),
  filepond: (id) => ask('PATCH', `/${id}`, { 'content-type': OCTETS, 'upload-offset': '0' }, file),
  'resumable-http': (id) => {
    const type = { 'content-type': 'application/partial-upload', 'upload-offset': '0' };
    return ask('PATCH', `/${id}`, { ...DRAFT, ...type, 'upload-complete': '?1' }, file);
  },
};

async function begun(by: string, said: string): Promise<string> {
  const answer = (await begins[by]?.(said)) as Response;
  expect(answer.status).toBe(201);
  return answer.headers.get('location')?.split('/').at(-1) ?? answer.text();
}

const names = Object.keys(begins);
const pairs = names.flatMap((first) => names.map((last) => [first, last] as const));

describe('A sum that was said at the beginning', () => {
  it.each(pairs)('is compared: begun by %s, ended by %s', async (first, last) => {
    const wrong = await begun(first, md5(sample(3)));
    const refused = await ends[last]?.(wrong);
    expect(refused?.status).toBe(last === 'tus' ? 460 : 400);
    expect(await refused?.json()).toEqual({ detail: 'md5 checksum does not match' });
    expect((await host.uploads.findOne(wrong)).status).not.toBe(2);
    const right = await begun(first, md5(file));
    expect((await ends[last]?.(right))?.status).toBe(last === 'resumable-http' ? 200 : 204);
    expect(await host.uploads.findOne(right)).toMatchObject({ status: 2, checksum: md5(file) });
  });

  it('is compared where the application completes without one', async () => {
    const id = await begun('tus', md5(sample(3)));
    await new UploadClient(`${host.url}/uploads`).put('bytes 0-299/300', file, { id });
    await expect(host.uploads.complete(id, { checksum: false })).rejects.toMatchObject({
      code: 'checksum_mismatch',
    });
  });

  it('gives way to the one that the completing request says', async () => {
    const id = await begun('tus', createHash('md5').update('other').digest('hex'));
    const uploads = new UploadClient(`${host.url}/uploads`);
    await uploads.put('bytes 0-299/300', file, { id });
    expect((await uploads.complete(id, md5(file))).status).toBe(200);
  });
});
