import assert from 'node:assert/strict';

const BOUNDARY = 'bench-0123456789';

const part = (disposition) => `--${BOUNDARY}\r\ncontent-disposition: form-data; ${disposition}\r\n`;

/** uploadx' handler for forms: fields, then the whole file, in one request. */
export async function upload(connection, file, md5) {
  const [{ bytes }] = file.chunks();
  const body = Buffer.concat([
    Buffer.from(`${part('name="md5"')}\r\n${md5}\r\n`),
    Buffer.from(part(`name="file"; filename="${file.name}"`)),
    Buffer.from('content-type: application/octet-stream\r\n\r\n'),
    bytes,
    Buffer.from(`\r\n--${BOUNDARY}--\r\n`),
  ]);
  const { text } = await connection.send('POST', '/forms', {
    headers: { 'content-type': `multipart/form-data; boundary=${BOUNDARY}` },
    body,
    expect: 200,
  });
  assert.equal(JSON.parse(text).bytesWritten, file.size);
}
