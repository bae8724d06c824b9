import { randomBytes } from 'node:crypto';
import { ChunkedUpload, ChunkedUploadStatus } from 'nestjs-chunked-upload';
import type { Repository } from 'typeorm';
import { describe, expect, it } from 'vitest';
import type { Host } from '../../support/host.js';
import { storedFiles } from '../../support/stored-files.js';
import { type Site, type Stage, useStage } from '../stage.js';
import { BlueimpPage } from './blueimp-page.js';
import type { ClientOptions, ClientPage } from './client-page.js';
import { ElementClientPage } from './element-client-page.js';
import { FilePondPage } from './filepond-page.js';
import { OwnClientPage } from './own-client-page.js';
import { TusPage } from './tus-page.js';
import { UppyPage } from './uppy-page.js';

const MIB = 1024 * 1024;
const SIZE = 3 * MIB + 12_345;
const content = randomBytes(SIZE);

interface Client {
  readonly name: string;
  readonly on: (stage: Stage) => ClientPage;
  /** Makes it send chunks of a MiB, where it does not. */
  readonly inChunks: ClientOptions;
  /** What it does with a file that is there already: some ask, others send it again. */
  readonly knowsFiles: boolean;
}

const CLIENTS: readonly Client[] = [
  {
    name: 'tus-js-client',
    on: (stage) => new TusPage(stage),
    inChunks: { chunkSize: MIB },
    knowsFiles: true,
  },
  {
    name: 'Uppy',
    on: (stage) => new UppyPage(stage),
    inChunks: { chunkSize: MIB },
    knowsFiles: true,
  },
  { name: 'FilePond', on: (stage) => new FilePondPage(stage), inChunks: {}, knowsFiles: false },
  {
    name: 'jQuery-File-Upload',
    on: (stage) => new BlueimpPage(stage),
    inChunks: { maxChunkSize: MIB },
    knowsFiles: false,
  },
  {
    name: 'the client of this package',
    on: (stage) => new OwnClientPage(stage),
    inChunks: { chunkSize: MIB, retryDelays: [100, 300, 1000, 3000] },
    knowsFiles: false,
  },
  {
    name: '<chunked-upload>',
    on: (stage) => new ElementClientPage(stage),
    inChunks: { 'chunk-size': '1M' },
    knowsFiles: false,
  },
];

export interface Place extends Site {
  readonly host: Host;
  /** Which HTTP browsers speak with it. */
  readonly version: string;
}

/**
 * What each client must be able to do, wherever the uploads are.
 *
 * @param again it also sends a file that is there already, for which the place makes no difference
 */
export function everyClient(start: () => Promise<Place>, { again = false } = {}): void {
  const stage = useStage(start);

  const records = (): Repository<ChunkedUpload> =>
    stage.site.host.dataSource.getRepository(ChunkedUpload);
  const unfinished = () => records().findBy({ status: ChunkedUploadStatus.Incomplete });

  /** Neither a record nor bytes of an upload that is not complete. */
  const nothingLeft = async (): Promise<boolean> => {
    const files = await storedFiles(stage.site.host.root);
    return (await unfinished()).length === 0 && files.length === (await records().count());
  };

  describe.each(CLIENTS)('$name', ({ on, inChunks, knowsFiles }) => {
    const client = on(stage);

    it('sends a file, and goes on each time its connection is cut', async () => {
      await client.open('/uploads/files', inChunks);
      // Before the first byte: most clients send what is chosen at once.
      const cuts = stage.cuts([0.4 * SIZE, 0.3 * SIZE]);
      await client.send('übung 1.bin', content);
      await cuts;
      const id = await client.done();
      await stage.expectStored(id, content, 'übung 1.bin');
      if (again) {
        await client.forget();
        await client.open('/uploads/files', inChunks);
        await client.send('übung 1.bin', content);
        const second = await client.done();
        await stage.expectStored(second, content, 'übung 1.bin');
        expect(second === id).toBe(knowsFiles);
      }

      const uploads = stage.responses.filter((each) => each.url().includes('/uploads/'));
      const versions = await Promise.all(uploads.map((each) => each.httpVersion()));
      expect(new Set(versions)).toEqual(new Set([stage.site.version]));
    });

    // Its bytes are on their way when it is refused.
    it('shows its user why a file is refused', async () => {
      await client.open('/uploads/notes');
      await client.send('a.txt', content);
      expect(await client.refusal()).toMatch(/exceeds the limit \(1048576 bytes\)/);
    });

    it('gives up, and nothing is left', async () => {
      // Of which a client has not been told that they have begun.
      for (const { id } of await unfinished()) await stage.site.host.uploads.remove(id);
      await client.open('/uploads/files', inChunks);
      const held = stage.network.after(2.5 * MIB, 'hold');
      await client.send('dropped.bin', content);
      await held;
      expect(await unfinished()).toHaveLength(1);
      await client.giveUp();
      stage.network.release();
      await expect.poll(nothingLeft).toBe(true);
    });
  });
}
