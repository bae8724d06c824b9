import { createHash, randomBytes } from 'node:crypto';
import { existsSync } from 'node:fs';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { createRequire } from 'node:module';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Page } from 'playwright-core';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { CHUNKED_UPLOAD_CORS } from 'nestjs-chunked-upload';
import { type Cluster, startCluster } from '../support/cluster.js';
import { type Host, startHost } from '../support/host.js';
import { BadNetwork } from './bad-network.js';
import { Browser, browserTitle, hasBrowser } from './browser.js';
import { bundleUppy } from './uppy.js';

const require = createRequire(import.meta.url);

const MIB = 1024 * 1024;
const SIZE = 4 * MIB + 12_345;
const CUTS = [0, 0.01, 0.2, 0.35, 0.5, 0.65, 0.8, 0.9, 0.97, 0.999].map((part) =>
  Math.round(part * SIZE),
);
const content = randomBytes(SIZE);

/** As its users write it; what happens is told to the page. */
const TUS = `
  window.told = { state: 'idle', url: null, message: null, body: null };
  window.send = (options) => {
    const file = document.getElementById('input').files[0];
    window.upload = new tus.Upload(file, {
      retryDelays: [100, 300, 1000, 3000],
      metadata: { filename: file.name, filetype: file.type },
      onSuccess: () => { told.state = 'done'; told.url = upload.url; },
      onError: (error) => {
        told.state = 'failed';
        told.message = error.message;
        told.body = error.originalResponse && error.originalResponse.getBody();
      },
      ...options,
    });
    return upload.findPreviousUploads().then((previous) => {
      if (previous.length) upload.resumeFromPreviousUpload(previous[0]);
      upload.start();
    });
  };`;

/** The Dashboard with Golden Retriever, which remembers files where the page is left. */
const UPPY = `
  window.told = { state: 'idle', url: null, message: null };
  window.uppy = new Uppy({ id: 'films' })
    .use(Dashboard, { target: '#dashboard', inline: true })
    .use(Tus, { retryDelays: [100, 300, 1000, 3000], ...given })
    .use(GoldenRetriever)
    .on('upload-error', (file, error) => {
      const body = error.originalResponse && error.originalResponse.getBody();
      if (!body) return;
      const { detail } = JSON.parse(body);
      uppy.info(typeof detail === 'string' ? detail : Object.values(detail).flat().join(' '), 'error', 60000);
    })
    .on('complete', ({ successful }) => {
      if (successful.length) { told.state = 'done'; told.url = successful[0].uploadURL; }
    });`;

interface Told {
  readonly state: string;
  readonly url: string | null;
  readonly message: string | null;
  readonly body: string | null;
}

describe.skipIf(!hasBrowser)(browserTitle('tus in a browser'), { timeout: 120_000 }, () => {
  let cluster: Cluster;
  let browser: Browser;
  let network: BadNetwork;
  let page: Page;
  let folder: string;
  let uppyScript: string;
  const requests: { method: string; status: number }[] = [];

  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), 'files-'));
    [cluster, browser, uppyScript] = await Promise.all([
      startCluster(1),
      Browser.start(),
      bundleUppy(),
    ]);
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
      requests.push({ method: response.request().method(), status: response.status() });
    });
  });
  afterEach(async () => {
    await page.close();
    await network.close();
  });

  async function open(body: string): Promise<void> {
    await page.route('**/page.html', (route) =>
      route.fulfill({ contentType: 'text/html; charset=utf-8', body: `<!doctype html>${body}` }),
    );
    await page.goto(`${network.url}/page.html`);
  }

  async function openTus(): Promise<void> {
    await open('<input type="file" id="input">');
    await page.addScriptTag({ path: require.resolve('tus-js-client/dist/tus.js') });
    await page.addScriptTag({ content: TUS });
  }

  /**
   * On a page that the server itself has sent: of one that a test has made up, browsers do not know
   * where it is from, and do not let it send to this machine.
   */
  async function openOnServer(): Promise<void> {
    await page.goto(`${network.url}/health`);
    await page.setContent('<!doctype html><input type="file" id="input">');
    await page.addScriptTag({ path: require.resolve('tus-js-client/dist/tus.js') });
    await page.addScriptTag({ content: TUS });
  }

  async function openUppy(endpoint = '/uploads/files', options: object = {}): Promise<void> {
    await open('<div id="dashboard"></div>');
    await page.addScriptTag({ content: uppyScript });
    const given = JSON.stringify({ endpoint: new URL(endpoint, network.url).href, ...options });
    await page.addScriptTag({ content: `{ const given = ${given}; ${UPPY} }` });
  }

  async function choose(selector: string, name: string, bytes: Buffer): Promise<void> {
    const path = join(folder, name);
    // A file that is written again is another one to clients: they look at its time.
    if (!existsSync(path)) await writeFile(path, bytes);
    await page.locator(selector).first().setInputFiles(path);
  }

  async function send(options: object = {}): Promise<void> {
    const given = { endpoint: '/uploads/files', ...options };
    await page.evaluate(
      (all) => (globalThis as unknown as { send(of: object): Promise<void> }).send(all),
      given,
    );
  }

  const told = (): Promise<Told> =>
    page.evaluate(() => (globalThis as unknown as { told: Told }).told);

  async function done(): Promise<string> {
    await page.waitForFunction(
      () => (globalThis as unknown as { told: Told }).told.state !== 'idle',
    );
    expect(await told()).toMatchObject({ state: 'done', message: null });
    return (await told()).url?.split('/').at(-1) ?? '';
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

  const patches = () => requests.filter(({ method }) => method === 'PATCH');

  describe('tus-js-client', () => {
    it('sends a file, and nothing of the same file again', async () => {
      await openTus();
      await choose('#input', 'übung 1.bin', content);
      await send();
      const id = await done();
      await expectStored(id, content, 'übung 1.bin');
      expect(patches()).toHaveLength(1);
      await openTus();
      await choose('#input', 'übung 1.bin', content);
      await send();
      expect(await done()).toBe(id);
      expect(patches()).toHaveLength(1);
    });

    it.each(CUTS)('goes on where the connection is cut after %i bytes', async (bytes) => {
      await openTus();
      await choose('#input', `cut ${bytes}.bin`, content);
      const cut = network.after(bytes + 2000, 'cut');
      await send();
      await cut;
      await expectStored(await done(), content, `cut ${bytes}.bin`);
    });

    it('goes on after its page was left', async () => {
      await openTus();
      await choose('#input', 'left.bin', content);
      const held = network.after(2.5 * MIB, 'hold');
      await send({ chunkSize: MIB });
      await held;
      await page.goto('about:blank');
      network.release();
      await openTus();
      await choose('#input', 'left.bin', content);
      const before = requests.length;
      await send({ chunkSize: MIB });
      await expectStored(await done(), content, 'left.bin');
      const since = requests.slice(before).map(({ method }) => method);
      expect(since[0]).toBe('HEAD');
      expect(since).not.toContain('POST');
    });

    it('shows its user the words of the rule that refuses', async () => {
      await openTus();
      await choose('#input', 'a.exe', content.subarray(0, 500));
      await send({ endpoint: `${network.url}/uploads/notes` });
      await expect.poll(async () => (await told()).state).toBe('failed');
      const { body } = await told();
      expect(JSON.parse(body ?? '')).toMatchObject({
        detail: { file: [expect.stringContaining('exe')] },
      });
    });

    it('gives up, and nothing is left', async () => {
      await openTus();
      await choose('#input', 'up.bin', content);
      const held = network.after(2.5 * MIB, 'hold');
      await send({ chunkSize: MIB });
      await held;
      const url = await page.evaluate(
        () => (globalThis as unknown as { upload: { url: string } }).upload.url,
      );
      const id = url.split('/').at(-1) ?? '';
      expect(await show(id)).toMatchObject({ status: 1 });
      network.release();
      await page.evaluate(() =>
        (
          globalThis as unknown as { upload: { abort(remove: boolean): Promise<void> } }
        ).upload.abort(true),
      );
      await expect.poll(() => show(id)).toMatchObject({ detail: 'Not found.' });
    });

    it('sends to another origin that allows what the constants name', async () => {
      let host: Host | undefined;
      try {
        host = await startHost({
          platform: 'express',
          prepare: (app) => app.enableCors({ origin: network.url, ...CHUNKED_UPLOAD_CORS }),
        });
        await openOnServer();
        await choose('#input', 'cors.bin', content);
        await send({
          endpoint: `${host.url}/uploads`,
          chunkSize: MIB,
          addRequestId: true,
          headers: { 'X-Requested-With': 'XMLHttpRequest' },
        });
        const id = await done();
        expect(await host.uploads.findOne(id)).toMatchObject({
          offset: SIZE,
          filename: 'cors.bin',
        });
        await openOnServer();
        await choose('#input', 'cors.bin', content);
        requests.length = 0;
        await send({ endpoint: `${host.url}/uploads` });
        expect(await done()).toBe(id);
        expect(patches()).toEqual([]);
      } finally {
        await host?.close();
      }
    });
  });

  describe('Uppy', () => {
    const INPUT = '.uppy-Dashboard-input';
    const start = () => page.locator('.uppy-StatusBar-actionBtn--upload').click();

    it('sends a file, and the same again', async () => {
      await openUppy();
      await choose(INPUT, 'uppy.bin', content);
      await start();
      const id = await done();
      await expectStored(id, content, 'uppy.bin');
      // Else Golden Retriever may bring back what it has not let go of yet. tus remembers elsewhere.
      await page.goto(`${network.url}/health`);
      await page.evaluate(async () => {
        for (const { name = '' } of await indexedDB.databases()) indexedDB.deleteDatabase(name);
      });
      await openUppy();
      await choose(INPUT, 'uppy.bin', content);
      await start();
      const again = await done();
      await expectStored(again, content, 'uppy.bin');
    });

    it.each(CUTS)('goes on where the connection is cut after %i bytes', async (bytes) => {
      await openUppy();
      await choose(INPUT, `uppy ${bytes}.bin`, content);
      const cut = network.after(bytes + 2000, 'cut');
      await start();
      await cut;
      await expectStored(await done(), content, `uppy ${bytes}.bin`);
    });

    it('goes on after its page was left, with the file that Golden Retriever has kept', async () => {
      await openUppy('/uploads/files', { chunkSize: MIB });
      await choose(INPUT, 'kept.bin', content);
      // It writes the file into the browser's database.
      const stored = page.waitForFunction(async () => {
        const databases = await indexedDB.databases();
        return databases.some(({ name }) => name?.includes('uppy'));
      });
      await stored;
      const held = network.after(2.5 * MIB, 'hold');
      await start();
      await held;
      await page.goto('about:blank');
      network.release();
      const before = requests.length;
      await openUppy('/uploads/files', { chunkSize: MIB });
      await page.locator('.uppy-Dashboard-Item').filter({ hasText: 'kept.bin' }).waitFor();
      await page
        .locator('.uppy-Dashboard-serviceMsg-actionBtn, .uppy-StatusBar-actionBtn--upload')
        .first()
        .click();
      await expectStored(await done(), content, 'kept.bin');
      expect(requests.slice(before).map(({ method }) => method)).not.toContain('POST');
    });

    it('shows its user the words of the rule that refuses', async () => {
      await openUppy('/uploads/notes');
      await choose(INPUT, 'a.exe', content.subarray(0, 500));
      await start();
      await page.locator('.uppy-Informer').filter({ hasText: 'exe' }).last().waitFor();
      expect(requests).toContainEqual({ method: 'POST', status: 400 });
    });

    it('gives up, and nothing is left', async () => {
      await openUppy('/uploads/files', { chunkSize: MIB });
      await choose(INPUT, 'up.bin', content);
      const held = network.after(2.5 * MIB, 'hold');
      await start();
      await held;
      const [listed] = await page.evaluate(() =>
        (globalThis as unknown as { uppy: { getFiles(): { tus: { uploadUrl: string } }[] } }).uppy
          .getFiles()
          .map(({ tus }) => tus.uploadUrl),
      );
      const id = listed?.split('/').at(-1) ?? '';
      expect(await show(id)).toMatchObject({ status: 1 });
      network.release();
      await page.locator('[data-cy="cancel"]').first().click();
      await expect.poll(() => show(id)).toMatchObject({ detail: 'Not found.' });
    });
  });
});

function md5(bytes: Buffer): string {
  return createHash('md5').update(bytes).digest('hex');
}
