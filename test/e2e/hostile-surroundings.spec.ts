import { createHash } from 'node:crypto';
import { readFile, rename, rm, symlink, truncate, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, it } from 'vitest';
import type { ChunkedUpload } from 'nestjs-chunked-upload';
import { type Host, startHost } from '../support/host.js';
import { RawConnection } from '../support/raw-connection.js';

const bytes = Buffer.from('0123456789');
const checksum = createHash('md5').update(bytes).digest('hex');
const fields = { filename: 'a.txt' };

let host: Host;
beforeAll(async () => {
  host = await startHost();
});
afterAll(() => host.close());

async function begun(): Promise<{ upload: ChunkedUpload; path: string }> {
  const upload = await host.uploads.begin({ body: bytes.subarray(0, 5), total: 10, fields });
  return { upload, path: join(host.root, upload.key) };
}

async function completed(): Promise<{ upload: ChunkedUpload; path: string }> {
  const { upload } = await host.uploads.uploadWhole({ body: bytes, checksum, fields });
  return { upload, path: join(host.root, upload.finalKey) };
}

it('does not write through a link that was put in place of the bytes', async () => {
  const { upload, path } = await begun();
  const victim = join(host.root, 'victim');
  await writeFile(victim, 'precious');
  await rm(path);
  await symlink(victim, path);
  const append = host.uploads.append(upload.id, { body: bytes.subarray(5), offset: 5 });
  await expect(append).rejects.toMatchObject({ code: 'bytes_missing' });
  expect(await readFile(victim, 'utf8')).toBe('precious');
});

it.each([
  ['shortened', (path: string) => truncate(path, 4)],
  [
    'a link',
    async (path: string) => {
      await rename(path, `${path}.away`);
      await symlink(`${path}.away`, path);
    },
  ],
])('answers 410 for a file that is %s', async (_, damage) => {
  const { upload, path } = await completed();
  await damage(path);
  const answer = await fetch(`${host.url}/uploads/${upload.id}/file`);
  expect(answer.status).toBe(410);
  expect(answer.headers.get('content-disposition')).toBeNull();
});

it.each(['evil.com"><b>', 'evil.com>; rel="next", <http://x', 'a b', ''])(
  'repeats no Host that is none: %s',
  async (name) => {
    const { upload } = await begun();
    const connection = await RawConnection.open(host.url);
    await connection.head('GET', `/uploads/${upload.id}`, { host: name, connection: 'close' });
    const answer = await connection.answer();
    if (answer.status === 200)
      expect(answer.json['url']).toBe(`http://localhost/uploads/${upload.id}`);
    else expect(answer.status).toBe(400);
  },
);

it('refuses a transfer coding that it would store as bytes', async () => {
  const connection = await RawConnection.open(host.url);
  await connection.head('PUT', '/uploads?filename=a', {
    'content-range': 'bytes 0-2/3',
    'content-type': 'application/octet-stream',
    'transfer-encoding': 'gzip, chunked',
  });
  expect((await connection.answer()).status).toBe(415);
});
