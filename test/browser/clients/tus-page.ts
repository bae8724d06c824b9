import { type ClientOptions, ClientPage } from './client-page.js';

const BODY = '<input type="file" id="input">';

/** As its users write it. */
const SCRIPT = `
  const input = document.getElementById('input');
  input.onchange = async () => {
    const [file] = input.files;
    window.upload = new tus.Upload(file, {
      endpoint,
      retryDelays: [100, 300, 1000, 3000],
      metadata: { filename: file.name, filetype: file.type },
      onSuccess: () => say('done', upload.url),
      onError: (error) =>
        say('failed', error.originalResponse ? sentence(error.originalResponse.getBody()) : error.message),
      ...options,
    });
    const [previous] = await upload.findPreviousUploads();
    if (previous) upload.resumeFromPreviousUpload(previous);
    upload.start();
  };`;

/** tus-js-client. */
export class TusPage extends ClientPage {
  override async open(endpoint = '/uploads/files', options: ClientOptions = {}): Promise<void> {
    await this.openPage(BODY);
    await this.load({ endpoint, options });
  }

  /** On a page that the server itself has sent, from elsewhere than `endpoint`. */
  async openOn(url: string, endpoint: string, options: ClientOptions = {}): Promise<void> {
    await this.openPageOn(url, BODY);
    await this.load({ endpoint, options });
  }

  override async giveUp(): Promise<void> {
    await this.page.evaluate('void upload.abort(true)');
  }

  /** The id of what is being sent. */
  async id(): Promise<string> {
    return (await this.page.evaluate<string>('upload.url')).split('/').at(-1) ?? '';
  }

  private async load(values: ClientOptions): Promise<void> {
    await this.addPackage('tus-js-client/dist/tus.js');
    await this.addScript(SCRIPT, values);
  }
}
