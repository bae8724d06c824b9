import assert from 'node:assert/strict';

/** Ours: raw chunks with a `Content-Range`, then the completion with the sum. */
export async function upload(connection, file, md5) {
  let target = `/uploads?filename=${file.name}`;
  for (const { start, end, bytes } of file.chunks()) {
    const { text } = await connection.send('PUT', target, {
      headers: {
        'content-type': 'application/octet-stream',
        'content-range': `bytes ${start}-${end - 1}/${file.size}`,
      },
      body: bytes,
      expect: 200,
    });
    const { id, offset } = JSON.parse(text);
    assert.equal(offset, end);
    target = `/uploads/${id}`;
  }
  const { text } = await connection.send('POST', target, {
    headers: { 'content-type': 'application/json' },
    body: Buffer.from(JSON.stringify({ md5 })),
    expect: 200,
  });
  assert.equal(JSON.parse(text).status, 2);
}
