import { createHash, randomBytes } from 'node:crypto';
import { mkdir, readFile, readdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type PreviewServer, build, preview } from 'vite';
import { Browser, browserTitle, hasBrowser } from '../browser/browser.js';
import { type Cluster, startCluster } from '../support/cluster.js';
import { npmInstall, packagesFolder, packedClient } from './packed.js';
import { readManifest } from './recipes.js';

const PAGE = `<!doctype html>
<input type="file"><output></output>
<script type="module" src="/main.js"></script>`;

const MAIN = `import { ChunkedUpload } from 'nestjs-chunked-upload-client';
const output = document.querySelector('output');
document.querySelector('input').addEventListener('change', async ({ target }) => {
  const upload = new ChunkedUpload(target.files[0], { endpoint: '/uploads/files', chunkSize: 300000 });
  const { file } = await upload.start().catch((error) => ({ file: String(error) }));
  output.textContent = file;
});`;

/** A page that only lists what an earlier visit left. */
const SMALL = `import { UploadMemory } from 'nestjs-chunked-upload-client';
console.log(new UploadMemory().list());`;

const ELEMENT_PAGE = `<!doctype html>
<chunked-upload endpoint="/uploads/files"></chunked-upload>
<script type="module">import 'nestjs-chunked-upload-client/element';</script>`;

let folder: string;
/** The number of packages, without the client and with it. */
let before: number;
let after: number;

/** As `npm create vite` leaves it, but for what the page shows. */
beforeAll(async () => {
  folder = join(packagesFolder(), 'vite-page');
  await mkdir(folder);
  const { devDependencies } = await readManifest();
  const manifest = {
    private: true,
    type: 'module',
    devDependencies: { vite: devDependencies['vite'] },
  };
  await writeFile(join(folder, 'package.json'), JSON.stringify(manifest));
  await npmInstall(folder);
  before = await countPackages();
  await npmInstall(folder, await packedClient());
  after = await countPackages();
  await writeFile(join(folder, 'index.html'), PAGE);
  await writeFile(join(folder, 'main.js'), MAIN);
  await writeFile(join(folder, 'small.js'), SMALL);
  await writeFile(join(folder, 'element.html'), ELEMENT_PAGE);
});

async function countPackages(): Promise<number> {
  const lock = await readFile(join(folder, 'node_modules', '.package-lock.json'), 'utf8');
  return Object.keys((JSON.parse(lock) as { packages: object }).packages).length;
}

async function built(outDir: string, ...inputs: string[]): Promise<string> {
  const rollupOptions = { input: inputs.map((input) => join(folder, input)) };
  await build({ root: folder, logLevel: 'warn', build: { outDir, rollupOptions } });
  const assets = join(folder, outDir, 'assets');
  const texts = (await readdir(assets)).map((name) => readFile(join(assets, name), 'utf8'));
  return (await Promise.all(texts)).join('');
}

describe('nestjs-chunked-upload-client, as it is packed,', () => {
  it('brings itself and hash-wasm, and nothing else', () => {
    expect(before).toBeGreaterThan(3);
    expect(after - before).toBe(2);
  });

  it('has the version of the server', async () => {
    const [server, client] = [await readManifest(), await readManifest('src/client')];
    expect(client.version).toBe(server.version);
    expect(Object.keys(client.dependencies)).toEqual(['hash-wasm']);
  });

  it('leaves out of a page what that does not use', async () => {
    const all = await built('dist', 'index.html');
    expect(all).toContain('Content-Range');
    const part = await built('small', 'small.js');
    expect(part).not.toContain('Content-Range');
    expect(part.length).toBeLessThan(3000);
  });
});

describe.skipIf(!hasBrowser)(browserTitle('A page of Vite with the client'), () => {
  let cluster: Cluster;
  let browser: Browser;
  let server: PreviewServer;

  beforeAll(async () => {
    [cluster, browser] = await Promise.all([startCluster(1), Browser.start()]);
    await built('dist', 'index.html', 'element.html');
    const proxy = { '/uploads': cluster.at(0).url };
    server = await preview({ root: folder, logLevel: 'warn', preview: { port: 0, proxy } });
  });

  afterAll(async () => {
    await server?.close();
    await browser?.stop();
    await cluster?.stop();
  });

  it('sends a file in chunks', async () => {
    const bytes = randomBytes(1_000_000);
    const page = await browser.page();
    await page.goto(server.resolvedUrls?.local[0] ?? '');
    const file = { name: 'film.mp4', mimeType: 'video/mp4', buffer: bytes };
    await page.setInputFiles('input', file);
    const output = page.locator('output');
    await expect.poll(() => output.textContent()).not.toBe('');
    const url = (await output.textContent()) ?? '';
    expect(url).toMatch(/^http.*\/file$/);
    const stored = Buffer.from(await (await fetch(url)).arrayBuffer());
    const sum = (of: Buffer): string => createHash('md5').update(of).digest('hex');
    expect(sum(stored)).toBe(sum(bytes));
  });

  it('shows the element, which a bundler takes for its effect alone', async () => {
    const page = await browser.page();
    await page.goto(new URL('element.html', server.resolvedUrls?.local[0]).href);
    const file = { name: 'a.txt', mimeType: 'text/plain', buffer: Buffer.from('hello') };
    await page.locator('#files').setInputFiles(file);
    await page.locator('#uploads > [data-state=complete]').waitFor();
  });
});
