import type { Locator } from 'playwright-core';
import { type ClientOptions, ClientPage } from './client-page.js';

export const CHUNK = 1024 * 1024;

/** As its users write it: one URL, and what a server says shown to them. */
const SCRIPT = `
  window.pond = FilePond.create(document.getElementById('input'), {
    name: 'filepond',
    chunkUploads: true,
    // No pretence of being busy.
    allowMinimumUploadDuration: false,
    chunkSize: ${CHUNK},
    chunkRetryDelays: [100, 300, 1000, 3000],
    server: {
      url: endpoint,
      process: { onerror: sentence },
      patch: { url: '?patch=', onerror: sentence },
    },
    labelFileProcessingError: ({ body }) => body,
    ...options,
  });`;

/** FilePond, which sends in chunks. */
export class FilePondPage extends ClientPage {
  protected override readonly input = '.filepond--browser';

  /**
   * @param inBackground in a tab that nobody looks at: there FilePond does not wait for the end of its
   * animations, of more than a second, before it sends
   */
  override async open(
    endpoint = '/uploads/files',
    options: ClientOptions = {},
    inBackground = true,
  ): Promise<void> {
    await this.openPage('<input type="file" id="input">');
    if (inBackground) {
      await this.addScript("Object.defineProperty(document, 'hidden', { get: () => true });");
    }
    await this.addPackage('filepond/dist/filepond.js');
    await this.addScript(SCRIPT, { endpoint, options });
  }

  item(state: string): Locator {
    return this.page.locator(`.filepond--item[data-filepond-item-state="${state}"]`);
  }

  override async done(): Promise<string> {
    await this.item('processing-complete').first().waitFor();
    return this.page.locator('input[name=filepond]').first().inputValue();
  }

  override async refusal(): Promise<string> {
    await this.item('processing-error').waitFor();
    return this.page.locator('.filepond--file-status-main').innerText();
  }

  override async giveUp(): Promise<void> {
    await this.page.locator('.filepond--action-abort-item-processing').click();
  }
}
