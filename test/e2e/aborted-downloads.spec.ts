import { StreamableFile } from '@nestjs/common';
import type { Writable } from 'node:stream';
import { afterAll, beforeAll, describe, it } from 'vitest';
import { type Host, startHost } from '../support/host.js';
import { openFiles } from '../support/open-files.js';
import { RawConnection } from '../support/raw-connection.js';
import { UploadClient, md5, sample } from '../support/upload-client.js';
import { until } from '../support/waiting.js';

interface Replying {
  reply(response: Writable, body: unknown, status?: number): unknown;
}

/** Nest 11.1.3 to 11.2.0 leaves a stream open whose response on Express broke off. */
function pipeOnly(adapter: Replying): void {
  const reply = adapter.reply.bind(adapter);
  adapter.reply = (response, body, status) =>
    body instanceof StreamableFile
      ? body.getStream().pipe(response)
      : reply(response, body, status);
}

const nests: [string, (adapter: Replying) => void][] = [
  ['this Nest', () => undefined],
  ['a Nest that only pipes', pipeOnly],
];

describe.each(process.env['HOST_PLATFORM'] === undefined ? nests : nests.slice(0, 1))(
  'An aborted download, with %s',
  (_, change) => {
    let host: Host;
    let id: string;
    beforeAll(async () => {
      host = await startHost({
        prepare: (app) => change(app.getHttpAdapter()),
      });
      const bytes = sample(32 * 1024 * 1024);
      const query = { md5: md5(bytes), filename: 'a.bin' };
      const { upload } = await new UploadClient(`${host.url}/uploads`).whole(bytes, { query });
      ({ id } = upload);
    });
    afterAll(() => host.close());

    const noneOpen = () =>
      until('no file is open', async () => (await openFiles(host.root)).length === 0);

    it.each([1, 12])('leaves no file open, %i on one connection', async (pipelined) => {
      const connections = await Promise.all(
        Array.from({ length: 5 }, async () => {
          const connection = await RawConnection.open(host.url);
          const isAnswered = connection.readNothing();
          for (let n = 0; n < pipelined; n += 1) {
            await connection.head('GET', `/uploads/${id}/file`, { 'x-user': 'ann' });
          }
          await isAnswered;
          return connection;
        }),
      );
      await until('files are open', async () => (await openFiles(host.root)).length >= 5);
      for (const connection of connections) connection.destroy();
      await noneOpen();
    });

    it('leaves no file open when its client went away before it began', async () => {
      for (let n = 0; n < 20; n += 1) {
        const connection = await RawConnection.open(host.url);
        await connection.head('GET', `/uploads/${id}/file`, { 'x-user': 'ann' });
        await new Promise((resolve) => setTimeout(resolve, n % 5));
        connection.destroy();
      }
      await noneOpen();
    });

    it('leaves no file open when it was whole', async () => {
      const ann = new UploadClient(`${host.url}/uploads`);
      await Promise.all(Array.from({ length: 3 }, () => ann.download(id)));
      await noneOpen();
    });
  },
);
