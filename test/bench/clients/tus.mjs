import assert from 'node:assert/strict';

const headers = { 'tus-resumable': '1.0.0' };

/** As tus wants metadata: names, each with a value in base64. */
export const metadataOf = (file, md5) =>
  Object.entries({ filename: file.name, md5 })
    .map(([name, value]) => `${name} ${Buffer.from(value).toString('base64')}`)
    .join(',');

/** tus 1.0: create, then patch by patch. */
export async function upload(connection, file, md5) {
  const created = await connection.send('POST', '/files', {
    headers: {
      ...headers,
      'upload-length': file.size,
      'upload-metadata': metadataOf(file, md5),
    },
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
