import assert from 'node:assert/strict';
import { metadataOf } from './tus.mjs';

/** tus 1.0 with its extension "creation with upload": a small file in one request. */
export async function upload(connection, file, md5) {
  const [{ bytes }] = file.chunks();
  const created = await connection.send('POST', '/files', {
    headers: {
      'tus-resumable': '1.0.0',
      'content-type': 'application/offset+octet-stream',
      'upload-length': file.size,
      'upload-metadata': metadataOf(file, md5),
    },
    body: bytes,
    expect: 201,
  });
  assert.equal(Number(created.headers['upload-offset']), file.size);
}
