import { afterAll, beforeAll, expect, it } from 'vitest';
import { type Host, startHost } from '../support/host.js';
import { openFiles } from '../support/open-files.js';
import { RawConnection } from '../support/raw-connection.js';
import { UploadClient, md5, sample } from '../support/upload-client.js';
import { until } from '../support/waiting.js';

const MIB = 1024 * 1024;
// Many on one connection: what the kernel takes of each of them first is most of the time of this.
const CONNECTIONS = 10;
const EACH = 30;

let host: Host;
let ann: UploadClient;
beforeAll(async () => {
  host = await startHost({ upload: { memory: 32 * MIB } });
  ann = new UploadClient(`${host.url}/uploads`);
});
afterAll(() => host.close());

// With the least memory there is, their smallest chunks are more than all of its budget.
it(`${CONNECTIONS * EACH} downloads that nobody reads stop no upload`, async () => {
  const file = sample(16 * MIB);
  const { upload } = await ann.whole(file, { query: { md5: md5(file), filename: 'a.bin' } });
  const request = `GET /uploads/${upload.id}/file HTTP/1.1\r\nHost: localhost\r\nx-user: ann\r\n\r\n`;
  const connections = await Promise.all(
    Array.from({ length: CONNECTIONS }, async () => {
      const connection = await RawConnection.open(host.url);
      void connection.readNothing();
      await connection.write(request.repeat(EACH));
      return connection;
    }),
  );
  try {
    await until('all are open', async () => {
      return (await openFiles(host.root)).length >= CONNECTIONS * EACH;
    });
    const sent = ann.whole(file, { query: { md5: md5(file), filename: 'b.bin' } });
    expect((await sent).status).toBe(200);
    const chunk = file.subarray(0, MIB);
    expect((await ann.begin(chunk, file.length)).offset).toBe(MIB);
  } finally {
    for (const connection of connections) connection.destroy();
  }
  await until('no file is open', async () => (await openFiles(host.root)).length === 0);
});
