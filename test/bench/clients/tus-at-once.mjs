import assert from 'node:assert/strict';

/** tus 1.0 with its extension "creation with upload": a small file in one request. */
export async function upload(connection, file) {
  const [{ bytes }] = file.chunks();
  const created = await connection.send('POST', '/files', {
    headers: {
      'tus-resumable': '1.0.0',
      'content-type': 'application/offset+octet-stream',
      'upload-length': file.size,
    },
    body: bytes,
    expect: 201,
  });
  assert.equal(Number(created.headers['upload-offset']), file.size);
}
