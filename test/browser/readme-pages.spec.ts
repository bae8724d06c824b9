import { readFile } from 'node:fs/promises';
import { createRequire } from 'node:module';
import type { Page } from 'playwright-core';
import { Column, Entity, PrimaryColumn } from 'typeorm';
import { afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { startHost } from '../support/host.js';
import { type Readme, blockWith, readme } from '../support/readmes.js';
import { UploadClient, md5, sample } from '../support/upload-client.js';
import { browserTitle, hasBrowser } from './browser.js';
import { bundle } from './bundle.js';
import { ElementPage } from './element-page.js';
import { useStage } from './stage.js';

@Entity('person')
class Person {
  @PrimaryColumn('text')
  id!: string;

  @Column('text', { default: '' })
  name!: string;
}

const require = createRequire(import.meta.url);
const CLIENT = new URL('../../dist/client/', import.meta.url);

/** More than FilePond sends at once. */
const content = sample(6_000_000);
/** What the server says of `a.exe`. */
const REFUSAL = /extension .?"exe.?" are not allowed/;

/** The one file of the package `uppy`, made of those of its parts that are installed. */
const UPPY = `
  export { default as Uppy } from '@uppy/core';
  export { default as Dashboard } from '@uppy/dashboard';
  export { default as GoldenRetriever } from '@uppy/golden-retriever';
  export { default as Tus } from '@uppy/tus';`;

const UPPY_FILES: Readonly<Record<string, () => Promise<string>>> = {
  'dist/uppy.min.mjs': () => bundle({ 'entry.js': UPPY }, 'production', 'es'),
  'dist/uppy.min.css': async () => {
    const parts = ['@uppy/core', '@uppy/dashboard'].map((name) =>
      readFile(require.resolve(`${name}/css/style.min.css`), 'utf8'),
    );
    return (await Promise.all(parts)).join('\n');
  },
};

/** Answers for unpkg.com with the files of the installed packages. */
async function serveUnpkg(page: Page): Promise<void> {
  await page.route('https://unpkg.com/**', async (route) => {
    const { pathname } = new URL(route.request().url());
    const [, name = '', major = '', file = ''] = /^\/([\w-]+)@(\d+)\/(.+)$/.exec(pathname) ?? [];
    const installed = name === 'uppy' ? '@uppy/core' : name;
    const { version } = require(`${installed}/package.json`) as { version: string };
    // Another one than what is tested would be another page.
    if (!version.startsWith(`${major}.`)) return route.fulfill({ status: 404 });
    const made = name === 'uppy' ? UPPY_FILES[file] : undefined;
    const body = made ? await made() : await readFile(require.resolve(`${name}/${file}`), 'utf8');
    return route.fulfill({
      contentType: file.endsWith('.css') ? 'text/css' : 'text/javascript',
      headers: { 'access-control-allow-origin': '*' },
      body,
    });
  });
}

describe.skipIf(!hasBrowser)(browserTitle('the pages of the READMEs, as they stand there'), () => {
  const stage = useStage(() =>
    startHost({
      platform: 'express',
      upload: { owners: { person: Person }, allowedExtensions: ['bin'] },
      database: { entities: [Person] },
    }),
  );
  let page: Page;
  let protocols: Readme;
  let element: Readme;
  /** What the pages write to the console. */
  let said: string[];

  beforeAll(async () => {
    protocols = await readme('src/chunked-upload/protocols/README.md');
    element = await readme('src/client/element/README.md');
    await stage.site.dataSource.query(`INSERT INTO person (id) VALUES ('1')`);
  });
  beforeEach(async () => {
    ({ page } = stage);
    await stage.site.dataSource.query('TRUNCATE chunked_upload');
    said = [];
    page.on('console', (message) => said.push(message.text()));
    await serveUnpkg(page);
  });
  afterEach(() => expect(stage.complaints).toEqual([]));

  const choose = async (input: string, name: string): Promise<void> => {
    const path = await stage.file(name, content);
    await page.locator(input).first().setInputFiles(path);
  };
  /** @returns the id of the only upload */
  const expectStored = async (): Promise<string> => {
    const found = await stage.site.uploads.find({});
    expect(found).toMatchObject([{ filename: 'film.bin', offset: content.length }]);
    const id = found[0]?.id ?? '';
    const answer = await fetch(`${stage.site.url}/uploads/${id}/file`);
    expect(md5(Buffer.from(await answer.arrayBuffer()))).toBe(md5(content));
    return id;
  };

  describe('Uppy', () => {
    const send = async (name: string): Promise<void> => {
      await choose('.uppy-Dashboard-input', name);
      await page.locator('.uppy-StatusBar-actionBtn--upload').click();
    };
    const isComplete = () => page.locator('.uppy-StatusBar.is-complete').waitFor();

    it('sends a file, and shows why one is refused', async () => {
      await stage.open(blockWith(protocols, 'html', 'uppy.min.mjs'));
      await send('film.bin');
      await isComplete();
      await expectStored();
      await page.locator('.uppy-StatusBar-actionBtn--done').click();
      await send('a.exe');
      const words = page.locator('.uppy-Informer p').getByText(/^Files with the extension "exe"/);
      await words.first().waitFor();
    });

    it('with the client of this package does the same, and cancels', async () => {
      await stage.open(`
          <link href="https://unpkg.com/uppy@6/dist/uppy.min.css" rel="stylesheet">
          <div id="dashboard"></div>
          <script type="module">
            import { Dashboard, Uppy } from 'https://unpkg.com/uppy@6/dist/uppy.min.mjs';
            window.uppy = new Uppy().use(Dashboard, { target: '#dashboard', inline: true });
          </script>`);
      await page.locator('.uppy-Dashboard-input').first().waitFor({ state: 'attached' });
      const moving = await readme('src/README.md');
      const uploader = { 'send.ts': blockWith(moving, 'ts', 'uppy.addUploader') };
      const application = await bundle({ 'entry.js': `import './send.ts';`, ...uploader });
      await page.addScriptTag({ content: application });
      await send('film.bin');
      await isComplete();
      await expectStored();
      await page.locator('.uppy-StatusBar-actionBtn--done').click();

      await send('a.exe');
      await page.locator('.uppy-Dashboard-Item.is-error').waitFor();
      const cancel = page.locator('[data-cy=cancel]');
      await cancel.click();

      const isHeld = stage.network.after(1_000_000, 'hold');
      await send('other.bin');
      await isHeld;
      // Else it would be gone before it is there.
      await expect.poll(() => stage.site.uploads.find({})).toHaveLength(2);
      await cancel.click();
      stage.network.release();
      await expect.poll(() => stage.site.uploads.find({})).toHaveLength(1);
      await expectStored();
    });
  });

  it('tus-js-client: sends a file, and shows why one is refused', async () => {
    await stage.open(`
        <input type="file" id="input">
        <script src="https://unpkg.com/tus-js-client@4/dist/tus.js"></script>
        <script type="module">
          const input = document.getElementById('input');
          input.onchange = async () => {
            const [file] = input.files;
            ${blockWith(protocols, 'js', 'new tus.Upload')}
          };
        </script>`);
    await choose('#input', 'film.bin');
    // Browsers say things of their own there, too.
    await expect.poll(() => said).toContainEqual(expect.stringMatching(/\/uploads\/[\w-]+$/));
    const id = await expectStored();
    expect(said).toContainEqual(expect.stringMatching(new RegExp(`/uploads/${id}$`)));
    await choose('#input', 'a.exe');
    await expect.poll(() => said).toContainEqual(expect.stringMatching(REFUSAL));
  });

  it('FilePond: sends a file, and shows why one is refused', async () => {
    const item = (state: string) =>
      page.locator(`.filepond--item[data-filepond-item-state="${state}"]`);
    await stage.open(blockWith(protocols, 'html', 'filepond.js'));
    await choose('.filepond--browser', 'film.bin');
    await item('processing-complete').waitFor();
    const id = await expectStored();
    expect(await page.locator('input[name=filepond]').inputValue()).toBe(id);
    const path = await stage.file('a.exe', content.subarray(0, 500));
    await page.locator('.filepond--browser').setInputFiles(path);
    await item('processing-error').getByText(REFUSAL).waitFor();
  });

  it('FilePond: shows a file that is on the server already, and says when it is not', async () => {
    const client = new UploadClient(`${stage.site.url}/uploads`, null);
    const { id } = await client.file(content, { filename: 'film.bin' });
    const missing = '3f2b7c1e-0000-4000-8000-000000000000';
    const files = [id, missing].map((source) => ({ source, options: { type: 'local' } }));
    await stage.open(`
        <input type="file" id="files" multiple>
        <script src="https://unpkg.com/filepond@4/dist/filepond.js"></script>
        <script>
          FilePond.create(document.getElementById('files'), {
            files: ${JSON.stringify(files)},
            onaddfile: (failure, { file, source }) => console.log(source, failure?.body ?? file.size),
            server: { ${blockWith(protocols, 'js', 'load: (id')} },
          });
        </script>`);
    await expect.poll(() => said).toContain(`${id} ${content.length}`);
    await expect.poll(() => said).toContain(`${missing} not there`);
  });

  describe('<chunked-upload>', () => {
    let panel: ElementPage;
    const scripts = ['user.id', "'upload-complete'", "lang = 'de'"];

    beforeEach(async () => {
      panel = new ElementPage(page);
      await page.route('**/node_modules/nestjs-chunked-upload-client/**', async (route) => {
        const [, file = ''] = route.request().url().split('/nestjs-chunked-upload-client/');
        const body = await readFile(new URL(file, CLIENT), 'utf8');
        await route.fulfill({ contentType: 'text/javascript', body });
      });
    });

    it('sends a file, and shows why one is refused', async () => {
      await stage.open(blockWith(element, 'html', '<chunked-upload'));
      await choose('#files', 'film.bin');
      await panel.inState('film.bin', 'complete');
      await expectStored();
      await choose('#files', 'a.exe');
      await panel.inState('a.exe', 'failed');
      expect(await panel.row('a.exe').locator('.error').innerText()).toMatch(REFUSAL);
    });

    it('of a bundler has users, owners, events, words and a look of its own', async () => {
      const css = blockWith(element, 'css', '::part(row-failed)');
      await stage.open(
        `<style>${css}</style><chunked-upload endpoint="/uploads"></chunked-upload>`,
      );
      const modules = scripts.map((words, n) => [`${n}.js`, blockWith(element, 'js', words)]);
      const given = `Object.assign(globalThis, { user: { id: 7 }, freshToken: () => 'a token' });`;
      const application = await bundle({
        'given.js': given,
        'element.js': blockWith(element, 'js', "import 'nestjs"),
        ...(Object.fromEntries(modules) as Record<string, string>),
        'entry.js': ['given.js', 'element.js', ...modules.map(([name]) => name)]
          .map((name) => `import './${name}';`)
          .join('\n'),
      });
      await page.addScriptTag({ content: application });
      await panel.button('Dateien auswählen').waitFor();
      expect(await page.locator('chunked-upload').getAttribute('scope')).toBe('7');

      const request = page.waitForRequest((each) => each.method() === 'PUT');
      await choose('#files', 'film.bin');
      expect(await (await request).headerValue('authorization')).toBe('Bearer a token');
      await panel.inState('film.bin', 'complete');
      const id = await expectStored();
      await expect.poll(() => said).toContain(`film.bin ${id}`);
      expect(await stage.site.uploads.findOne(id)).toMatchObject({ ownerId: '1' });

      await choose('#files', 'a.exe');
      await panel.inState('a.exe', 'failed');
      const ground = (name: string): Promise<string> =>
        panel.row(name).evaluate((row) => getComputedStyle(row).backgroundColor);
      expect(await ground('a.exe')).toBe('rgb(255, 240, 239)');
      expect(await ground('film.bin')).not.toBe('rgb(255, 240, 239)');
    });
  });
});
