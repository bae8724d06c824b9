import assert from 'node:assert/strict';

/** Ours: the whole file and its sum in one request. */
export async function upload(connection, file, md5) {
  const [{ bytes }] = file.chunks();
  const { text } = await connection.send('POST', `/uploads?filename=${file.name}&md5=${md5}`, {
    headers: { 'content-type': 'application/octet-stream' },
    body: bytes,
    expect: 200,
  });
  const { status, offset } = JSON.parse(text);
  assert.deepEqual({ status, offset }, { status: 2, offset: file.size });
}
