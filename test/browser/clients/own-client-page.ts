import { type ClientOptions, ClientPage } from './client-page.js';

const PACKAGES = `
  import { ChunkedUpload } from 'nestjs-chunked-upload-client';
  Object.assign(globalThis, { ChunkedUpload });`;

const SCRIPT = `
  const input = document.getElementById('input');
  input.onchange = () => {
    window.upload = new ChunkedUpload(input.files[0], { endpoint, ...options });
    upload.start().then(({ id }) => say('done', id), ({ message }) => say('failed', message));
  };`;

/** The client of this package, in a page without the element. */
export class OwnClientPage extends ClientPage {
  override async open(endpoint = '/uploads/files', options: ClientOptions = {}): Promise<void> {
    await this.openPage('<input type="file" id="input">');
    await this.addModule(PACKAGES);
    await this.addScript(SCRIPT, { endpoint, options });
  }

  override async giveUp(): Promise<void> {
    await this.page.evaluate('void upload.abort()');
  }
}
