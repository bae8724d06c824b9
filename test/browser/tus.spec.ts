import { randomBytes } from 'node:crypto';
import { describe, expect, it } from 'vitest';
import { CHUNKED_UPLOAD_CORS } from 'nestjs-chunked-upload';
import { withHost } from '../support/host.js';
import { browserTitle, hasBrowser } from './browser.js';
import { TusPage } from './clients/tus-page.js';
import { useStage } from './stage.js';
import { UppyPage } from './clients/uppy-page.js';

const MIB = 1024 * 1024;
const SIZE = 4 * MIB + 12_345;
/** Bytes from one cut of the connection to the next: in the headers of a request, behind them, in its body. */
const CUTS = [
  100,
  2_000,
  ...[0.2, 0.01, 0.15, 0.1, 0.15, 0.05, 0.1, 0.15].map((part) => part * SIZE),
];
/** In the last bytes. */
const AT_THE_END = [SIZE + 1_000];
const content = randomBytes(SIZE);
const FILES = '/uploads/files';

describe.skipIf(!hasBrowser)(browserTitle('tus in a browser'), () => {
  const stage = useStage();
  const methods = () => stage.responses.map((response) => response.request().method());

  describe('tus-js-client', () => {
    const tus = new TusPage(stage);

    it('sends a file, and nothing of the same file again', async () => {
      await tus.open();
      await tus.send('übung 1.bin', content);
      const id = await tus.done();
      await stage.expectStored(id, content, 'übung 1.bin');
      expect(stage.answers('PATCH')).toHaveLength(1);
      await tus.open();
      await tus.send('übung 1.bin', content);
      expect(await tus.done()).toBe(id);
      expect(stage.answers('PATCH')).toHaveLength(1);
    });

    it.each([
      ['at ten places', CUTS],
      ['in the last bytes', AT_THE_END],
    ])('goes on where the connection is cut %s', async (_, places) => {
      await tus.open();
      const cuts = stage.cuts(places);
      await tus.send('cut.bin', content);
      await cuts;
      await stage.expectStored(await tus.done(), content, 'cut.bin');
    });

    it('goes on after its page was left', async () => {
      await tus.open(FILES, { chunkSize: MIB });
      const held = stage.network.after(2.5 * MIB, 'hold');
      await tus.send('left.bin', content);
      await held;
      await stage.leavePage();
      await tus.open(FILES, { chunkSize: MIB });
      stage.responses = [];
      await tus.send('left.bin', content);
      await stage.expectStored(await tus.done(), content, 'left.bin');
      expect(methods()[0]).toBe('HEAD');
      expect(methods()).not.toContain('POST');
    });

    it('shows its user the words of the rule that refuses', async () => {
      await tus.open('/uploads/notes');
      await tus.send('a.exe', content.subarray(0, 500));
      expect(await tus.refusal()).toContain('exe');
    });

    it('gives up, and nothing is left', async () => {
      await tus.open(FILES, { chunkSize: MIB });
      const held = stage.network.after(2.5 * MIB, 'hold');
      await tus.send('up.bin', content);
      await held;
      const id = await tus.id();
      expect(await stage.show(id)).toMatchObject({ status: 1 });
      await tus.giveUp();
      stage.network.release();
      await stage.expectGone(id);
    });

    it('sends to another origin that allows what the constants name', async () => {
      const origin = stage.network.url;
      await withHost(
        {
          platform: 'express',
          prepare: (app) => app.enableCors({ origin, ...CHUNKED_UPLOAD_CORS }),
        },
        async ({ url, uploads }) => {
          // Of a page that a test has made up, browsers do not know where it is from, and do not let
          // it send to this machine.
          const begun = `${origin}/health`;
          await tus.openOn(begun, `${url}/uploads`, {
            chunkSize: MIB,
            addRequestId: true,
            headers: { 'X-Requested-With': 'XMLHttpRequest' },
          });
          await tus.send('cors.bin', content);
          const id = await tus.done();
          expect(await uploads.findOne(id)).toMatchObject({ offset: SIZE, filename: 'cors.bin' });
          await tus.openOn(begun, `${url}/uploads`);
          stage.responses = [];
          await tus.send('cors.bin', content);
          expect(await tus.done()).toBe(id);
          expect(stage.answers('PATCH')).toEqual([]);
        },
      );
    });
  });

  describe('Uppy', () => {
    const uppy = new UppyPage(stage);

    it('sends a file, and the same again', async () => {
      await uppy.open();
      await uppy.send('uppy.bin', content);
      await stage.expectStored(await uppy.done(), content, 'uppy.bin');
      await uppy.forget();
      await uppy.open();
      await uppy.send('uppy.bin', content);
      await stage.expectStored(await uppy.done(), content, 'uppy.bin');
    });

    it.each([
      ['at ten places', CUTS],
      ['in the last bytes', AT_THE_END],
    ])('goes on where the connection is cut %s', async (_, places) => {
      await uppy.open();
      await uppy.choose('uppy cut.bin', content);
      const cuts = stage.cuts(places);
      await uppy.start();
      await cuts;
      await stage.expectStored(await uppy.done(), content, 'uppy cut.bin');
    });

    it('goes on after its page was left, with the file that Golden Retriever has kept', async () => {
      await uppy.open(FILES, { chunkSize: MIB });
      await uppy.choose('kept.bin', content);
      await uppy.kept();
      const held = stage.network.after(2.5 * MIB, 'hold');
      await uppy.start();
      await held;
      await stage.leavePage();
      stage.responses = [];
      await uppy.open(FILES, { chunkSize: MIB });
      await uppy.resume('kept.bin');
      await stage.expectStored(await uppy.done(), content, 'kept.bin');
      expect(methods()).not.toContain('POST');
    });

    it('shows its user the words of the rule that refuses', async () => {
      await uppy.open('/uploads/notes');
      await uppy.send('a.exe', content.subarray(0, 500));
      expect(await uppy.refusal()).toContain('exe');
      expect(stage.answers('POST').map((answer) => answer.status())).toContain(400);
    });

    it('gives up, and nothing is left', async () => {
      await uppy.open(FILES, { chunkSize: MIB });
      await uppy.choose('up.bin', content);
      const held = stage.network.after(2.5 * MIB, 'hold');
      await uppy.start();
      await held;
      const id = await uppy.id();
      expect(await stage.show(id)).toMatchObject({ status: 1 });
      await uppy.giveUp();
      stage.network.release();
      await stage.expectGone(id);
    });
  });
});
