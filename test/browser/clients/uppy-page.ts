import { expect } from 'vitest';
import { type ClientOptions, ClientPage } from './client-page.js';

const PACKAGES = `
  import Uppy from '@uppy/core';
  import Dashboard from '@uppy/dashboard';
  import GoldenRetriever from '@uppy/golden-retriever';
  import Tus from '@uppy/tus';
  Object.assign(globalThis, { Uppy, Dashboard, GoldenRetriever, Tus });`;

/** The Dashboard with Golden Retriever, which remembers files where the page is left. */
const SCRIPT = `
  window.uppy = new Uppy({ id: 'films' })
    .use(Dashboard, { target: '#dashboard', inline: true })
    .use(Tus, {
      endpoint: new URL(endpoint, location.href).href,
      retryDelays: [100, 300, 1000, 3000],
      ...options,
    })
    .use(GoldenRetriever)
    .on('upload-error', (file, error) => {
      const body = error.originalResponse && error.originalResponse.getBody();
      if (body) uppy.info(sentence(body), 'error', 60000);
    })
    .on('complete', ({ successful }) => {
      if (successful.length) say('done', successful[0].uploadURL);
    });`;

/** Uppy with its Dashboard, Tus and Golden Retriever. */
export class UppyPage extends ClientPage {
  protected override readonly input = '.uppy-Dashboard-input';

  override async open(endpoint = '/uploads/files', options: ClientOptions = {}): Promise<void> {
    await this.openPage('<div id="dashboard"></div>');
    await this.addModule(PACKAGES);
    await this.addScript(SCRIPT, { endpoint, options });
  }

  override async start(): Promise<void> {
    await this.page.locator('.uppy-StatusBar-actionBtn--upload').click();
  }

  override async refusal(): Promise<string> {
    // Its own sentence comes first.
    const own = /unexpected response|failed to upload/i;
    return this.page.locator('.uppy-Informer p').filter({ hasNotText: own }).last().innerText();
  }

  override async giveUp(): Promise<void> {
    await this.page.locator('[data-cy="cancel"]').first().click();
  }

  /** Waits until Golden Retriever has written down the file in the browser's database. */
  async kept(): Promise<void> {
    // It has been asked for by now, so that this does not make it.
    const count = (): Promise<number[]> =>
      this.page.evaluate(
        () =>
          new Promise((resolve, reject) => {
            const opened = indexedDB.open('uppy-blobs');
            opened.addEventListener('error', () => reject(new Error('It cannot be opened')));
            opened.addEventListener('success', () => {
              const stores = ['files', 'metadata'];
              const read = opened.result.transaction(stores);
              const counts = stores.map((name) => read.objectStore(name).count());
              read.addEventListener('complete', () => {
                opened.result.close();
                resolve(counts.map(({ result }) => result));
              });
            });
          }),
      );
    await expect.poll(count).toEqual([1, 1]);
  }

  /** Goes on with the file that it has kept. */
  async resume(name: string): Promise<void> {
    await this.page.locator('.uppy-Dashboard-Item').filter({ hasText: name }).waitFor();
    const buttons = '.uppy-Dashboard-serviceMsg-actionBtn, .uppy-StatusBar-actionBtn--upload';
    await this.page.locator(buttons).first().click();
  }

  /** Else Golden Retriever may bring back what it has not let go of yet. tus remembers elsewhere. */
  override async forget(): Promise<void> {
    await this.page.goto(`${this.stage.network.url}/uploads/files`);
    await this.page.evaluate(async () => {
      for (const { name = '' } of await indexedDB.databases()) indexedDB.deleteDatabase(name);
    });
  }

  /** The id of what is being sent. */
  async id(): Promise<string> {
    const url = await this.page.evaluate<string>('uppy.getFiles()[0].tus.uploadUrl');
    return url.split('/').at(-1) ?? '';
  }
}
