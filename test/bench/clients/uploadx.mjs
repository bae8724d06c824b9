import assert from 'node:assert/strict';

/** uploadx' own protocol: create, then a PUT a chunk; 308 says that more is wanted. */
export async function upload(connection, file, md5) {
  const created = await connection.send('POST', '/files', {
    headers: { 'content-type': 'application/json' },
    body: Buffer.from(JSON.stringify({ name: file.name, size: file.size, md5 })),
    expect: 201,
  });
  for (const { start, end, bytes } of file.chunks()) {
    const isLast = end === file.size;
    const answer = await connection.send('PUT', created.headers.location, {
      headers: {
        'content-type': 'application/octet-stream',
        'content-range': `bytes ${start}-${end - 1}/${file.size}`,
      },
      body: bytes,
      expect: isLast ? 200 : 308,
    });
    if (isLast) assert.equal(JSON.parse(answer.text).bytesWritten, file.size);
    else assert.equal(answer.headers.range, `bytes=0-${end - 1}`);
  }
}
