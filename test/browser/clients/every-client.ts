import { randomBytes } from 'node:crypto';
import { ChunkedUpload, ChunkedUploadStatus } from 'nestjs-chunked-upload';
import type { Repository } from 'typeorm';
import { describe, expect, it } from 'vitest';
import type { Host } from '../../support/host.js';
import { TURN, rounds } from '../../support/rounds.js';
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
/** Each after about a MiB more: at another place of a chunk each time, and none of them is cut for ever. */
const CUTS = Array.from({ length: Math.max(2, rounds(10)) }, (_, i) => (0.95 + 0.03 * i) * MIB);
const SIZE = (CUTS.length + 1) * MIB + 12_345;
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

/** Where the clients are tried: one client at one of these, by turns that of FAULT_TURN or of the day. */
export const PLACES = ['express', 'fastify', 'http2', 'nginx', 'nginx that streams'] as const;

/** With LONG=1 each client, at each place. */
function clientsAt(place: (typeof PLACES)[number]): readonly Client[] {
  if (rounds(10) === 10) return CLIENTS;
  const from = PLACES.indexOf(place) + TURN;
  return CLIENTS.filter((_, index) => (index + from) % PLACES.length === 0);
}

/** What each client must be able to do, wherever the uploads are. */
export function everyClient(place: (typeof PLACES)[number], start: () => Promise<Place>): void {
  const stage = useStage(start);

  const records = (): Repository<ChunkedUpload> =>
    stage.site.host.dataSource.getRepository(ChunkedUpload);
  const unfinished = () => records().findBy({ status: ChunkedUploadStatus.Incomplete });

  /** Neither a record nor bytes of an upload that is not complete. */
  const nothingLeft = async (): Promise<boolean> => {
    const files = await storedFiles(stage.site.host.root);
    return (await unfinished()).length === 0 && files.length === (await records().count());
  };

  describe.each(clientsAt(place))('$name', ({ on, inChunks, knowsFiles }) => {
    const client = on(stage);

    it('sends a file, goes on each time its connection is cut, and sends it again', async () => {
      await client.open('/uploads/files', inChunks);
      // Before the first byte: most clients send what is chosen at once.
      const cuts = stage.cuts(CUTS);
      await client.send('übung 1.bin', content);
      await cuts;
      const id = await client.done();
      await stage.expectStored(id, content, 'übung 1.bin');
      await client.forget();
      await client.open('/uploads/files', inChunks);
      await client.send('übung 1.bin', content);
      const second = await client.done();
      await stage.expectStored(second, content, 'übung 1.bin');
      expect(second === id).toBe(knowsFiles);

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
