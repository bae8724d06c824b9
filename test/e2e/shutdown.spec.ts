import { stat } from 'node:fs/promises';
import { join } from 'node:path';
import { AbstractChunkedUpload, ChunkedUpload } from 'nestjs-chunked-upload';
import { Entity } from 'typeorm';
import { describe, expect, it } from 'vitest';
import { startHost } from '../support/host.js';
import { RawConnection } from '../support/raw-connection.js';
import { storedFiles } from '../support/stored-files.js';
import { UploadClient, md5, sample } from '../support/upload-client.js';
import { until } from '../support/waiting.js';

@Entity()
class Video extends AbstractChunkedUpload {}

const file = sample(300);

class Gate {
  open!: () => void;
  readonly opened = new Promise<void>((resolve) => {
    this.open = resolve;
  });
}

describe('The end of the application', () => {
  // Whichever of the two Nest asks first to end.
  it.each([
    ['uploads', 'videos'],
    ['videos', 'uploads'],
  ])('saves chunks of /%s while a completion of /%s still runs', async (writing, finishing) => {
    const gate = new Gate();
    let completing = false;
    const onComplete = async (): Promise<void> => {
      completing = true;
      await gate.opened;
    };
    const types = [{ path: 'videos', entity: Video, onComplete }];
    const host = await startHost({ upload: { onComplete }, types });
    try {
      const slow = new UploadClient(`${host.url}/${finishing}`);
      const whole = await slow.begin(file, 300);
      const completed = slow.complete(whole.id, md5(file));
      await until('onComplete runs', () => completing);
      const { id } = await new UploadClient(`${host.url}/${writing}`).begin(
        file.subarray(0, 9),
        300,
      );
      const range = { 'content-range': 'bytes 9-299/300', 'content-length': 291 };
      const writer = await RawConnection.put(host.url, range, `/${writing}/${id}`);
      await writer.write(file.subarray(9, 150));
      await until('it has written', async () => {
        const path = (await storedFiles(host.root)).find((name) => name.includes(id)) ?? '';
        return (await stat(join(host.root, path))).size === 150;
      });

      const closed = host.app.close();
      expect(await writer.answer()).toMatchObject({
        status: 503,
        headers: { 'retry-after': '2' },
        json: { detail: 'The server is shutting down' },
      });
      const entity = writing === 'videos' ? Video : ChunkedUpload;
      const saved = await host.dataSource
        .getRepository<AbstractChunkedUpload>(entity)
        .findBy({ id });
      expect(saved).toMatchObject([{ offset: 150, leaseToken: null }]);
      gate.open();
      expect((await completed).status).toBe(200);
      writer.destroy();
      await closed;
    } finally {
      gate.open();
      await host.close();
    }
  });

  it('refuses a request that was just about to write, and leaves nothing in its way', async () => {
    const host = await startHost();
    const gate = new Gate();
    try {
      const client = new UploadClient(`${host.url}/uploads`);
      const { id } = await client.begin(file.subarray(0, 100), 300);
      const create = host.dataSource.createQueryRunner.bind(host.dataSource);
      let leased = false;
      host.dataSource.createQueryRunner = (mode) => {
        const runner = create(mode);
        const query = runner.query.bind(runner) as (...statement: unknown[]) => Promise<unknown>;
        runner.query = async (...statement: unknown[]) => {
          const result = await query(...statement);
          if (/SKIP LOCKED/.test(String(statement[0]))) {
            leased = true;
            await gate.opened;
          }
          return result as never;
        };
        return runner;
      };
      const refused = client.put('bytes 100-299/300', file.subarray(100), { id });
      await until('it has taken the lease', () => leased);
      const closed = host.app.close();
      await until('it takes no more', async () => {
        const begun = client.put('bytes 0-9/10', sample(10));
        return (await begun.catch(() => null))?.status !== 200;
      });
      gate.open();
      expect(await refused).toMatchObject({
        status: 503,
        detail: 'The server is shutting down',
      });
      await closed;
      await host.dataSource.initialize();
      const saved = await host.dataSource.getRepository(ChunkedUpload).findBy({ id });
      expect(saved).toMatchObject([{ offset: 100, leaseToken: null }]);
      await host.dataSource.destroy();
    } finally {
      gate.open();
      await host.close();
    }
  });
});
