import { randomBytes } from 'node:crypto';
import { describe, expect, it } from 'vitest';
import { browserTitle, hasBrowser } from './browser.js';
import { CHUNK, FilePondPage } from './clients/filepond-page.js';
import { useStage } from './stage.js';

const SIZE = 5 * CHUNK + 12_345;
const SMALL_CHUNK = CHUNK / 4;
/**
 * Bytes from one cut of the connection to the next, in chunks, as FilePond sends a chunk again from its
 * start: in chunks, at their ends and between them.
 */
const CUTS = [1.5, 0.1, 2.3, 0.01, 1.001, 0.5, 3.05, 0.999, 1.7, 2.005].map(
  (chunks) => chunks * SMALL_CHUNK,
);
const content = randomBytes(SIZE);

describe.skipIf(!hasBrowser)(browserTitle('FilePond'), () => {
  const stage = useStage();
  const pond = new FilePondPage(stage);

  it('sends a file in chunks', async () => {
    await pond.open('/uploads/files', {}, false);
    await pond.send('übung 1.bin', content);
    await stage.expectStored(await pond.done(), content, 'übung 1.bin');
    expect(stage.answers('PATCH')).toHaveLength(6);
  });

  it('sends a file whose size the chunks divide', async () => {
    const even = content.subarray(0, 2 * CHUNK);
    await pond.open();
    await pond.send('even.bin', even);
    await stage.expectStored(await pond.done(), even, 'even.bin');
  });

  it('sends a small file at once', async () => {
    const small = content.subarray(0, 5000);
    await pond.open();
    await pond.send('small.bin', small);
    await stage.expectStored(await pond.done(), small, 'small.bin');
    expect(stage.answers('PATCH')).toEqual([]);
  });

  it.each([
    ['at ten places', SMALL_CHUNK, CUTS],
    ['in the last chunk', CHUNK, [SIZE + 500]],
  ])('goes on where the connection is cut %s', async (_, chunkSize, places) => {
    await pond.open('/uploads/files', { chunkSize });
    const cuts = stage.cuts(places);
    await pond.send('film.bin', content);
    await cuts;
    await stage.expectStored(await pond.done(), content, 'film.bin');
  });

  it('goes on after it has given up and its user has asked for another try', async () => {
    await pond.open('/uploads/files', { chunkRetryDelays: [] });
    let chunks = 0;
    // Chromium itself would send again what a connection has lost.
    await stage.page.route('**/uploads/files?patch=*', (route) => {
      if (route.request().method() !== 'PATCH') return route.continue();
      chunks += 1;
      return chunks === 3 ? route.abort() : route.continue();
    });
    await pond.send('film.bin', content);
    await pond.item('processing-error').waitFor();
    await stage.page.locator('.filepond--action-retry-item-processing').click();
    await stage.expectStored(await pond.done(), content, 'film.bin');
    expect(stage.answers('HEAD')).toHaveLength(1);
    expect(chunks).toBe(7);
  });

  it('sends the same file again as another upload', async () => {
    await pond.open('/uploads/files', { allowMultiple: true });
    await pond.send('film.bin', content);
    const first = await pond.done();
    await pond.send('film.bin', content);
    await pond.item('processing-complete').nth(1).waitFor();
    const ids = await stage.page
      .locator('input[name=filepond]')
      .evaluateAll((inputs) => inputs.map((input) => (input as HTMLInputElement).value));
    expect(new Set(ids).size).toBe(2);
    expect(ids).toContain(first);
    for (const id of ids) await stage.expectStored(id, content, 'film.bin');
  });

  it.each([
    ['a name', 'a.exe', 500, /exe/],
    ['a small file', 'a.txt', 5, /./],
    ['a large file', 'a.txt', 2000, /^Size of file exceeds the limit \(1000 bytes\)/],
  ])('shows its user the words of the rule that refuses %s', async (_, name, size, words) => {
    for (const chunkForce of [true, false]) {
      await pond.open('/uploads/notes', { chunkForce, chunkSize: 200, chunkRetryDelays: [50] });
      await pond.send(name, content.subarray(0, size));
      const shown = await pond.refusal();
      expect(shown).toMatch(words);
      const refused = stage.responses.find((response) => response.status() === 400);
      expect(await refused?.text()).toContain(JSON.stringify(shown).slice(1, -1));
      stage.responses = [];
    }
  });

  it('takes back what has been sent', async () => {
    await pond.open();
    await pond.send('film.bin', content);
    const id = await pond.done();
    await stage.page.locator('.filepond--action-revert-item-processing').click();
    await stage.expectGone(id);
  });

  it('takes back what is being sent', async () => {
    await pond.open();
    const held = stage.network.after(2.5 * CHUNK, 'hold');
    await pond.send('film.bin', content);
    await held;
    const id = (await stage.answers('POST')[0]?.text()) ?? '';
    expect(await stage.show(id)).toMatchObject({ status: 1 });
    await pond.giveUp();
    stage.network.release();
    await stage.expectGone(id);
  });
});
