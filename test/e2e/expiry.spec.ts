import { AbstractChunkedUpload, getChunkedUploadToken } from 'nestjs-chunked-upload';
import { Entity } from 'typeorm';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { HeldBody } from '../support/held-body.js';
import { type Host, startHost } from '../support/host.js';
import { UploadClient, md5, sample } from '../support/upload-client.js';
import { until } from '../support/waiting.js';

@Entity()
class Rolling extends AbstractChunkedUpload {}

@Entity()
class Eternal extends AbstractChunkedUpload {}

@Entity()
class Brief extends AbstractChunkedUpload {}

let host: Host;
const file = sample(300);
const first = file.subarray(0, 100);
const client = (path: string) => new UploadClient(`${host.url}/${path}`);

beforeAll(async () => {
  host = await startHost({
    upload: { expiresIn: '2h' },
    types: [
      { path: 'rolling', entity: Rolling, expiry: 'rolling' },
      { path: 'eternal', entity: Eternal, expiresIn: null },
      { path: 'brief', entity: Brief, expiresIn: 2000 },
    ],
  });
});
afterAll(() => host.close());

const instant = (text: string | null) => Date.parse(text ?? '');

describe('expiresIn', () => {
  it('counts from the creation, whatever comes later', async () => {
    const uploads = client('uploads');
    const { id, created_at: at, expires } = await uploads.begin(first, 300);
    expect(instant(expires) - instant(at)).toBeCloseTo(7_200_000, -3);
    const { upload } = await uploads.put('bytes 100-199/300', file.subarray(100, 200), { id });
    expect(upload).toMatchObject({ expires, expires_at: expires });
  });

  it('with expiry rolling counts from the last chunk', async () => {
    const rolling = client('rolling');
    const { id, expires } = await rolling.begin(first, 300);
    const { upload } = await rolling.put('bytes 100-199/300', file.subarray(100, 200), { id });
    expect(instant(upload.expires)).toBeGreaterThan(instant(expires));
    expect(upload.expires_at).toBe(upload.expires);
    // Neither reading it nor a refused chunk is one.
    await rolling.head(id);
    await rolling.put('bytes 0-99/300', first, { id });
    expect((await rolling.get(id)).upload.expires).toBe(upload.expires);
  });

  it('null is never', async () => {
    const eternal = client('eternal');
    const { id, expires, expires_at: at } = await eternal.begin(first, 300);
    expect({ expires, at }).toEqual({ expires: null, at: null });
    const answer = await eternal.put('bytes 100-299/300', file.subarray(100), { id });
    expect(answer).toMatchObject({ status: 200, body: { expires: null } });
  });

  it('is null once the upload is complete, which never expires', async () => {
    const uploads = client('brief');
    const { id, expires } = await uploads.file(file);
    expect(expires).toBeNull();
    const { upload } = await uploads.whole(file, { query: { md5: md5(file) } });
    expect(upload).toMatchObject({ expires: null, expires_at: null });
    expect((await uploads.get(id)).upload.expires).toBeNull();
  });
});

describe('An upload that has expired', () => {
  it('is 410 to PUT and POST, and still shown and removed', async () => {
    const brief = client('brief');
    const { id, expires } = await brief.begin(first, 300);
    await until('the expiry', () => Date.now() > instant(expires) + 50);
    const expired = { status: 410, body: { detail: 'Upload has expired' } };
    expect(await brief.put('bytes 100-299/300', file.subarray(100), { id })).toMatchObject(expired);
    expect(await brief.complete(id, md5(file))).toMatchObject(expired);
    expect((await brief.get(id)).upload).toMatchObject({ offset: 100, status: 1, expires });
    expect((await brief.head(id)).headers.get('upload-offset')).toBe('100');
    expect((await brief.list()).map((upload) => upload.id)).toContain(id);
    expect((await brief.delete(id)).status).toBe(204);
  });

  it('was not when its last request began: that one is still taken', async () => {
    const brief = client('brief');
    const { id, expires } = await brief.begin(first, 300);
    const body = new HeldBody(file.subarray(100, 200), file.subarray(200));
    const service = host.app.get<typeof host.uploads>(getChunkedUploadToken(Brief), {
      strict: false,
    });
    const appending = service.append(id, { body, offset: 100 });
    await until('the expiry', () => Date.now() > instant(expires) + 50);
    body.release();
    expect((await appending).offset).toBe(300);
    expect((await brief.complete(id, md5(file))).status).toBe(410);
  });
});
