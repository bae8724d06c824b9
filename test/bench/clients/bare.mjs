/** The bare servers: each chunk is written where the query says. */
export async function upload(connection, file) {
  for (const { start, bytes } of file.chunks()) {
    await connection.send('PUT', `/${file.name}?offset=${start}`, {
      headers: { 'content-type': 'application/octet-stream' },
      body: bytes,
      expect: 204,
    });
  }
}
