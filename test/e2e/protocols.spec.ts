import { AbstractChunkedUpload } from 'nestjs-chunked-upload';
import { Entity } from 'typeorm';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type Host, startHost } from '../support/host.js';
import { InterimRequest } from '../support/interim-request.js';
import { UploadClient, md5, sample } from '../support/upload-client.js';

// The option `protocols`: what is spoken by default, and what is answered to what is not.

@Entity()
class Other extends AbstractChunkedUpload {}

const DRAFT = { 'upload-draft-interop-version': '8', 'x-user': 'ann' };
const TUS = { 'tus-resumable': '1.0.0' };
const file = sample(300);

let host: Host;
let usual: UploadClient;
let other: UploadClient;

beforeAll(async () => {
  host = await startHost({
    types: [{ path: 'other', entity: Other, protocols: ['tus', 'resumable-http'] }],
  });
  usual = new UploadClient(`${host.url}/uploads`);
  other = new UploadClient(`${host.url}/other`);
});
afterAll(() => host?.close());

describe('By default', () => {
  it('tus and FilePond are spoken, and the draft of the IETF is not', async () => {
    const { headers } = await usual.send('OPTIONS', {});
    expect(headers.get('tus-version')).toBe('1.0.0');
    expect(headers.get('upload-limit')).toBeNull();
    expect(headers.get('accept-patch')).toBeNull();
    const { id } = await usual.begin(file, 300);
    const asked = await usual.send('HEAD', { id, headers: DRAFT });
    expect(asked.status).toBe(200);
    expect(asked.headers.get('upload-offset')).toBe('300');
    for (const name of ['upload-complete', 'upload-limit', 'upload-draft-interop-version']) {
      expect(asked.headers.get(name)).toBeNull();
    }
    const form = new FormData();
    form.append('filepond', '{}');
    const pond = await usual.send('POST', { headers: { 'upload-length': '300' } }, form);
    expect(pond.status).toBe(201);
  });

  it('a file by the draft is a whole file, which needs its checksum', async () => {
    const headers = { ...DRAFT, 'upload-complete': '?1' };
    const url = `${usual.url}?filename=a.txt`;
    const refused = await InterimRequest.send('POST', url, headers, file);
    expect(refused).toMatchObject({ status: 400, interim: [] });
    expect(refused.json?.['detail']).toMatch(/^Both 'id' and 'md5' are required/);
    const taken = await InterimRequest.send('POST', `${url}&md5=${md5(file)}`, headers, file);
    expect(taken).toMatchObject({ status: 200, interim: [] });
    expect(taken.headers).not.toHaveProperty('upload-complete');
  });
});

describe("A type without 'content-range'", () => {
  it('refuses chunks, whole files and completions, and begins nothing', async () => {
    const created = await other.send('POST', { headers: { ...TUS, 'upload-length': '300' } });
    const id = created.headers.get('location')?.split('/').at(-1) ?? '';
    const answers = [
      await other.put('bytes 0-299/300', file),
      await other.put('bytes 0-299/300', file, { id }),
      await other.put('bytes */300', new Uint8Array(0)),
      await other.whole(file, { query: { md5: md5(file) } }),
      await other.complete(id, md5(file)),
    ];
    for (const answer of answers) {
      expect(answer).toMatchObject({
        status: 400,
        body: { detail: 'Chunks with Content-Range are not accepted here' },
      });
    }
    expect(await other.list()).toMatchObject([{ id, offset: 0, status: 1 }]);
  });

  it('still shows, lists and removes its uploads, and tells where to go on', async () => {
    const headers = {
      ...TUS,
      'upload-length': '300',
      'content-type': 'application/offset+octet-stream',
    };
    const created = await other.send('POST', { headers }, file);
    const id = created.headers.get('location')?.split('/').at(-1) ?? '';
    expect((await other.head(id)).headers.get('upload-offset')).toBe('300');
    expect((await other.get(id)).upload).toMatchObject({ status: 2 });
    expect((await other.download(id)).bytes).toEqual(file);
    expect((await other.delete(id)).status).toBe(204);
    expect((await other.get(id)).status).toBe(404);
  });
});
