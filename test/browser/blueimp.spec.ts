import { createHash, randomBytes } from 'node:crypto';
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { createRequire } from 'node:module';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type Cluster, startCluster } from '../support/cluster.js';
import type { ServerProcess } from '../support/server-process.js';
import { Browser, browserTitle, hasBrowser } from './browser.js';

const require = createRequire(import.meta.url);

/** The plug-in and what it needs, in the order in which it wants to be loaded. */
const SCRIPTS = [
  'jquery/dist/jquery.js',
  'blueimp-file-upload/js/vendor/jquery.ui.widget.js',
  'blueimp-file-upload/js/jquery.fileupload.js',
];

/** As its users write it for drf-chunked-upload; the sum is computed elsewhere in their pages. */
const PAGE = `<!doctype html>
<input type="file" id="input">
<pre id="answer"></pre>
<script>
  const url = '/uploads/files';
  const formData = [];
  $('#input').fileupload({
    url,
    dataType: 'json',
    type: 'PUT',
    paramName: 'file',
    maxChunkSize: 100000,
    formData,
    chunkdone: (event, { result }) => {
      if (formData.length === 0) formData.push({ name: 'upload_id', value: result.id });
    },
    done: (event, { result }) => {
      $.ajax({
        type: 'POST',
        url,
        dataType: 'json',
        data: { upload_id: result.id, md5: window.md5 },
        complete: ({ responseText }) => $('#answer').text(responseText),
      });
    },
    fail: (event, { jqXHR }) => $('#answer').text(jqXHR.responseText || 'failed'),
  });
</script>`;

describe.skipIf(!hasBrowser)(browserTitle('jQuery-File-Upload'), { timeout: 60_000 }, () => {
  let cluster: Cluster;
  let demo: ServerProcess;
  let browser: Browser;
  let folder: string;

  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), 'files-'));
    [cluster, browser] = await Promise.all([startCluster(1), Browser.start()]);
    demo = cluster.at(0);
  }, 120_000);

  afterAll(async () => {
    await browser?.stop();
    await cluster?.stop();
    await rm(folder, { recursive: true });
  }, 60_000);

  it('sends a file in chunks, unchanged', async () => {
    const content = randomBytes(1_234_567);
    const path = join(folder, 'übung 1.bin');
    await writeFile(path, content);
    const page = await browser.page();
    const chunks: string[] = [];
    page.on('request', (request) => {
      if (request.method() === 'PUT') chunks.push(new URL(request.url()).pathname);
    });
    await page.route('**/blueimp.html', (route) =>
      route.fulfill({ contentType: 'text/html; charset=utf-8', body: '' }),
    );
    await page.goto(`${demo.url}/blueimp.html`);
    await page.evaluate((sum) => Object.assign(window, { md5: sum }), md5(content));
    for (const script of SCRIPTS) await page.addScriptTag({ path: require.resolve(script) });
    await page.evaluate(
      (html) => {
        document.body.append(document.createRange().createContextualFragment(html));
      },
      PAGE.replace('<!doctype html>', ''),
    );

    await page.setInputFiles('#input', path);

    const answer = page.locator('#answer');
    await answer.filter({ hasText: /./ }).waitFor();
    const upload = JSON.parse(await answer.innerText()) as Record<string, unknown>;
    expect(upload).toMatchObject({ status: 2, filename: 'übung 1.bin', offset: content.length });
    expect(chunks).toEqual(Array.from({ length: 13 }, () => '/uploads/files'));
    const stored = await fetch(String(upload['file']));
    expect(md5(Buffer.from(await stored.arrayBuffer()))).toBe(md5(content));
    expect(await readFile(path)).toHaveLength(content.length);
  });
});

function md5(bytes: Buffer): string {
  return createHash('md5').update(bytes).digest('hex');
}
