import { type Locator } from 'playwright-core';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { Representation, UploadQueue } from '../../src/client/index.js';
import { startHost } from '../support/host.js';
import { fileIn, readme } from '../support/readmes.js';
import { md5 } from '../support/upload-client.js';
import { browserTitle, hasBrowser } from './browser.js';
import { bundle } from './bundle.js';
import { useStage } from './stage.js';

/** What an application does with a component: shows it in an element, and takes it away again. */
const FRAMEWORKS = [
  {
    name: 'React',
    file: 'Uploads.tsx',
    entry: `
      import { StrictMode, createElement } from 'react';
      import { createRoot } from 'react-dom/client';
      import { Uploads } from './Uploads';
      globalThis.mount = (place) => {
        const root = createRoot(place);
        root.render(createElement(StrictMode, null, createElement(Uploads)));
        return () => root.unmount();
      };`,
  },
  {
    name: 'Vue',
    file: 'Uploads.vue',
    entry: `
      import { createApp } from 'vue';
      import Uploads from './Uploads.vue';
      globalThis.mount = (place) => {
        const app = createApp(Uploads);
        app.mount(place);
        return () => app.unmount();
      };`,
  },
  {
    name: 'Svelte',
    file: 'Uploads.svelte',
    entry: `
      import { mount, unmount } from 'svelte';
      import Uploads from './Uploads.svelte';
      globalThis.mount = (place) => {
        const component = mount(Uploads, { target: place });
        return () => void unmount(component);
      };`,
  },
];

/** Counts who listens to the queue. */
const WATCHED = `
import { queue } from './uploads';
const { subscribe } = queue;
Object.assign(globalThis, { queue, listeners: 0 });
queue.subscribe = (listener) => {
  const stop = subscribe(listener);
  let listens = true;
  globalThis.listeners += 1;
  return () => {
    if (listens) globalThis.listeners -= 1;
    listens = false;
    stop();
  };
};`;

/** What the entry puts into the stage.page. */
interface RecipePage {
  readonly queue: UploadQueue;
  readonly listeners: number;
  mount(place: Element | null): () => void;
  unmount(): void;
}

const SIZE = 4_000_000;

describe.skipIf(!hasBrowser)(browserTitle('the components of the READMEs, in a page'), () => {
  const stage = useStage(() => startHost({ platform: 'express' }));

  beforeEach(async () => {
    await stage.site.dataSource.query('TRUNCATE chunked_upload');
    // Frameworks say here what they do not like.
    stage.page.on('console', (message) => {
      const isTheirs = !message.text().startsWith('Failed to load resource');
      const isBad = ['error', 'warning'].includes(message.type());
      if (isBad && isTheirs) stage.complaints.push(message.text());
    });
  });
  afterEach(() => expect(stage.complaints).toEqual([]));

  const open = async (files: Readonly<Record<string, string>>): Promise<void> => {
    await stage.open('<main id="place"></main>');
    await stage.page.addScriptTag({ content: await bundle(files, 'development') });
    await mount();
  };
  const mount = (): Promise<void> =>
    stage.page.evaluate(() => {
      const own = globalThis as unknown as RecipePage;
      own.unmount = own.mount(document.querySelector('#place'));
    });
  const unmount = (): Promise<void> =>
    stage.page.evaluate(() => (globalThis as unknown as RecipePage).unmount());
  const listeners = (): Promise<number> =>
    stage.page.evaluate(() => (globalThis as unknown as RecipePage).listeners);
  const choose = async (...names: string[]): Promise<void> => {
    const paths = names.map((name) => stage.file(name, contentOf(name)));
    await stage.page.setInputFiles('input[type=file]', await Promise.all(paths));
  };
  const contentOf = (name: string): Buffer => Buffer.from((name.at(-1) ?? '').repeat(SIZE));
  const stored = async (): Promise<number> => {
    const rows: unknown[] = await stage.site.dataSource.query('SELECT FROM chunked_upload');
    return rows.length;
  };
  const row = (name: string): Locator => stage.page.locator('p', { hasText: `${name} ` });
  const answerFor = (name: string): Promise<Representation> =>
    stage.page.evaluate((wanted) => {
      const { items } = (globalThis as unknown as RecipePage).queue.getSnapshot();
      return items.find((item) => item.name === wanted)?.answer as Representation;
    }, name);
  const expectStored = async (name: string): Promise<void> => {
    await row(name).getByText('complete').waitFor();
    const { file } = await answerFor(name);
    const answer = await fetch(String(file));
    expect(md5(new Uint8Array(await answer.arrayBuffer()))).toBe(md5(contentOf(name)));
  };

  it.each(FRAMEWORKS)('$name: shows, sends, cancels, and leaves no listener', async (each) => {
    const queue = await readme('src/client/queue/README.md');
    await open({
      'uploads.ts': fileIn(queue, 'uploads.ts'),
      [each.file]: fileIn(queue, each.file),
      'watched.js': WATCHED,
      'entry.js': `import './watched.js';\n${each.entry}`,
    });
    // Before any of them can have arrived whole.
    const held = stage.network.after(SIZE / 2, 'hold');
    await choose('file-a', 'file-b', 'file-c');
    await held;
    for (const name of ['file-a', 'file-b', 'file-c']) {
      const bar = row(name).locator('progress');
      await expect
        .poll(() => bar.evaluate(({ value, max }: HTMLProgressElement) => value / max))
        .toBeGreaterThan(0);
      expect(await row(name).innerText()).toContain('sending');
    }
    expect(await listeners()).toBe(1);

    await row('file-c').getByRole('button', { name: 'Cancel' }).click();
    await row('file-c').getByText('cancelling').waitFor();
    stage.network.release();
    await row('file-c').waitFor({ state: 'detached' });
    await expectStored('file-a');
    await expectStored('file-b');
    expect(await stored()).toBe(2);

    // The same file can be chosen again.
    await choose('file-c');
    await expectStored('file-c');

    await unmount();
    await expect.poll(listeners).toBe(0);
    expect(await stage.page.locator('#place').innerText()).toBe('');
    await mount();
    await row('file-a').waitFor();
    expect(await listeners()).toBe(1);
  });

  it('React: <chunked-upload> takes properties, tells its events, and goes away', async () => {
    const requests: string[] = [];
    // The page may have asked for the stored files by the time it is open.
    stage.page.on('request', (request) => {
      const path = new URL(request.url()).pathname;
      if (path === '/page.html') return;
      requests.push(`${request.method()} ${path} ${request.headers()['authorization'] ?? ''}`);
    });
    const element = await readme('src/client/element/README.md');
    await open({
      'Album.tsx': fileIn(element, 'Album.tsx'),
      'entry.js': `
          import { StrictMode, createElement } from 'react';
          import { createRoot } from 'react-dom/client';
          import { Album } from './Album';
          let tokens = 0;
          Object.assign(globalThis, { added: [], freshToken: () => \`token \${(tokens += 1)}\` });
          globalThis.mount = (place) => {
            const root = createRoot(place);
            const onAdded = ({ name }) => {
              added.push(name);
              render();
            };
            const render = () =>
              root.render(
                createElement(StrictMode, null, createElement(Album, { onAdded }), createElement('output', null, added.join(', '))),
              );
            render();
            return () => root.unmount();
          };`,
    });
    const film = await stage.file('film.mov', Buffer.from('a film'));
    const picture = await stage.file('picture.png', Buffer.from('a picture'));
    await stage.page.setInputFiles('#files', [film, picture]);
    await stage.page.locator('output', { hasText: 'picture.png' }).waitFor();
    await stage.page.locator('[data-state=failed]', { hasText: 'film.mov' }).waitFor();
    expect(await stored()).toBe(1);
    // It was rendered once more, and did not ask for the stored files again.
    expect(requests).toEqual([
      expect.stringMatching(/^GET \/uploads Bearer token \d+$/),
      expect.stringMatching(/^PUT \/uploads Bearer token \d+$/),
      expect.stringMatching(/^POST \/uploads\/[\w-]+ Bearer token \d+$/),
    ]);

    await unmount();
    await stage.page.locator('chunked-upload').waitFor({ state: 'detached' });
    const taken = await stage.page.evaluate(() => {
      const transfer = new DataTransfer();
      transfer.items.add(new File(['x'], 'late.png'));
      const event = new DragEvent('drop', { dataTransfer: transfer, cancelable: true });
      return !document.dispatchEvent(event);
    });
    expect(taken).toBe(false);
  });
});
