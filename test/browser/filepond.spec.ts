import { createHash, randomBytes } from 'node:crypto';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { createRequire } from 'node:module';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Locator, Page } from 'playwright-core';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { type Cluster, startCluster } from '../support/cluster.js';
import { BadNetwork } from './bad-network.js';
import { Browser, browserTitle, hasBrowser } from './browser.js';

const require = createRequire(import.meta.url);

const MIB = 1024 * 1024;
const CHUNK = MIB;
const SIZE = 5 * MIB + 12_345;
/** Bytes of a run after which its connection is cut: in chunks, at their ends and between them. */
const CUTS = [1, 0.1, 0.5, 0.999, 1.001, 1.5, 2.3, 3.05, 4.7, 5.005].map((chunks) =>
  Math.round(chunks * CHUNK),
);

/** As its users write it: one URL, and what a server says shown to them. */
const SETTINGS = `({ path, ...options }) => ({
  name: 'filepond',
  chunkUploads: true,
  // No pretence of being busy.
  allowMinimumUploadDuration: false,
  chunkSize: ${CHUNK},
  chunkRetryDelays: [100, 300, 1000, 3000],
  server: {
    url: path,
    process: { onerror: sentence },
    patch: { url: '?patch=', onerror: sentence },
  },
  labelFileProcessingError: ({ body }) => body,
  ...options,
})`;

const SENTENCE = `const sentence = (body) => {
  // A connection that broke has said nothing.
  if (!body) return 'The connection broke';
  const { detail } = JSON.parse(body);
  return typeof detail === 'string' ? detail : Object.values(detail).flat().join(' ');
};`;

describe.skipIf(!hasBrowser)(browserTitle('FilePond'), { timeout: 120_000 }, () => {
  let cluster: Cluster;
  let browser: Browser;
  let network: BadNetwork;
  let page: Page;
  let folder: string;
  const content = randomBytes(SIZE);
  const requests: { method: string; status: number; answer: string }[] = [];

  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), 'files-'));
    [cluster, browser] = await Promise.all([startCluster(1), Browser.start()]);
  }, 120_000);

  afterAll(async () => {
    await browser?.stop();
    await cluster?.stop();
    await rm(folder, { recursive: true });
  }, 60_000);

  beforeEach(async () => {
    network = await BadNetwork.to(cluster.at(0).port);
    page = await browser.page();
    requests.length = 0;
    page.on('response', (response) => {
      const method = response.request().method();
      void response.text().then(
        (answer) => requests.push({ method, status: response.status(), answer }),
        () => undefined,
      );
    });
  });

  afterEach(async () => {
    await page.close();
    await network.close();
  });

  async function open(path = '/uploads/files', options: object = {}): Promise<void> {
    await page.route('**/filepond.html', (route) =>
      route.fulfill({
        contentType: 'text/html; charset=utf-8',
        body: '<!doctype html><input type="file" id="input">',
      }),
    );
    await page.goto(`${network.url}/filepond.html`);
    await page.addScriptTag({ path: require.resolve('filepond/dist/filepond.js') });
    const given = JSON.stringify({ path, ...options });
    const input = "document.getElementById('input')";
    await page.addScriptTag({
      content: `${SENTENCE} window.pond = FilePond.create(${input}, (${SETTINGS})(${given}));`,
    });
  }

  async function choose(name: string, bytes: Buffer): Promise<void> {
    const path = join(folder, name);
    await writeFile(path, bytes);
    await page.setInputFiles('.filepond--browser', path);
  }

  const item = (state: string): Locator =>
    page.locator(`.filepond--item[data-filepond-item-state="${state}"]`);

  async function done(): Promise<string> {
    await item('processing-complete').first().waitFor();
    return page.locator('input[name=filepond]').first().inputValue();
  }

  async function show(id: string): Promise<Record<string, unknown>> {
    const answer = await fetch(`${cluster.at(0).url}/uploads/files/${id}`);
    return (await answer.json()) as Record<string, unknown>;
  }

  async function expectStored(id: string, bytes: Buffer, filename: string): Promise<void> {
    expect(await show(id)).toMatchObject({ status: 2, filename, offset: bytes.length });
    const answer = await fetch(`${cluster.at(0).url}/uploads/files/${id}/file`);
    expect(md5(Buffer.from(await answer.arrayBuffer()))).toBe(md5(bytes));
  }

  it('sends a file in chunks', async () => {
    await open();
    await choose('übung 1.bin', content);
    await expectStored(await done(), content, 'übung 1.bin');
    const patches = requests.filter(({ method }) => method === 'PATCH');
    expect(patches).toHaveLength(6);
  });

  it('sends a file whose size the chunks divide', async () => {
    const even = content.subarray(0, 2 * CHUNK);
    await open();
    await choose('even.bin', even);
    await expectStored(await done(), even, 'even.bin');
  });

  it('sends a small file at once', async () => {
    const small = content.subarray(0, 5000);
    await open();
    await choose('small.bin', small);
    await expectStored(await done(), small, 'small.bin');
    expect(requests.filter(({ method }) => method === 'PATCH')).toEqual([]);
  });

  it.each(CUTS)('goes on where the connection is cut after %i bytes', async (bytes) => {
    await open();
    const cut = network.after(bytes, 'cut');
    await choose('film.bin', content);
    await cut;
    await expectStored(await done(), content, 'film.bin');
  });

  it('goes on after it has given up and its user has asked for another try', async () => {
    await open('/uploads/files', { chunkRetryDelays: [] });
    let chunks = 0;
    // Chromium itself would send again what a connection has lost.
    await page.route('**/uploads/files?patch=*', (route) => {
      if (route.request().method() !== 'PATCH') return route.continue();
      chunks += 1;
      return chunks === 3 ? route.abort() : route.continue();
    });
    await choose('film.bin', content);
    await item('processing-error').waitFor();
    await page.locator('.filepond--action-retry-item-processing').click();
    await expectStored(await done(), content, 'film.bin');
    expect(requests.filter(({ method }) => method === 'HEAD')).toHaveLength(1);
    expect(chunks).toBe(7);
  });

  it('sends the same file again as another upload', async () => {
    await open('/uploads/files', { allowMultiple: true });
    await choose('film.bin', content);
    const first = await done();
    await choose('film.bin', content);
    await item('processing-complete').nth(1).waitFor();
    const ids = await page
      .locator('input[name=filepond]')
      .evaluateAll((inputs) => inputs.map((input) => (input as HTMLInputElement).value));
    expect(new Set(ids).size).toBe(2);
    expect(ids).toContain(first);
    for (const id of ids) await expectStored(id, content, 'film.bin');
  });

  it.each([
    ['a name', 'a.exe', 500, /exe/],
    ['a small file', 'a.txt', 5, /./],
    ['a large file', 'a.txt', 2000, /^Size of file exceeds the limit \(1000 bytes\)/],
  ])('shows its user the words of the rule that refuses %s', async (_, name, size, words) => {
    for (const chunkForce of [true, false]) {
      await open('/uploads/notes', { chunkForce, chunkSize: 200, chunkRetryDelays: [50] });
      await choose(name, content.subarray(0, size));
      await item('processing-error').waitFor();
      const shown = await page.locator('.filepond--file-status-main').innerText();
      expect(shown).toMatch(words);
      const [refused] = requests.filter(({ status }) => status === 400);
      expect(refused?.answer).toContain(JSON.stringify(shown).slice(1, -1));
    }
  });

  it('takes back what has been sent', async () => {
    await open();
    await choose('film.bin', content);
    const id = await done();
    await page.locator('.filepond--action-revert-item-processing').click();
    await expect.poll(() => show(id)).toMatchObject({ detail: 'Not found.' });
  });

  it('takes back what is being sent', async () => {
    await open();
    const held = network.after(2.5 * CHUNK, 'hold');
    await choose('film.bin', content);
    await held;
    const id = requests.find(({ method }) => method === 'POST')?.answer ?? '';
    expect(await show(id)).toMatchObject({ status: 1 });
    await page.locator('.filepond--action-abort-item-processing').click();
    network.release();
    await expect.poll(() => show(id)).toMatchObject({ detail: 'Not found.' });
  });
});

function md5(bytes: Buffer): string {
  return createHash('md5').update(bytes).digest('hex');
}
