import assert from 'node:assert/strict';

const headers = { 'tus-resumable': '1.0.0' };

/** tus 1.0: create, then patch by patch. */
export async function upload(connection, file) {
  const created = await connection.send('POST', '/files', {
    headers: { ...headers, 'upload-length': file.size },
    expect: 201,
  });
  for (const { start, end, bytes } of file.chunks()) {
    const patched = await connection.send('PATCH', created.headers.location, {
      headers: {
        ...headers,
        'content-type': 'application/offset+octet-stream',
        'upload-offset': start,
      },
      body: bytes,
      expect: 204,
    });
    assert.equal(Number(patched.headers['upload-offset']), end);
  }
}
