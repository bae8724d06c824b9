import { fileURLToPath } from 'node:url';
import { ElementPage } from '../element-page.js';
import { type ClientOptions, ClientPage } from './client-page.js';

const ELEMENT = fileURLToPath(
  new URL('../../../dist/client/element/standalone.js', import.meta.url),
);

const SCRIPT = `
  const element = document.querySelector('chunked-upload');
  for (const [name, value] of Object.entries({ endpoint, ...options })) element.setAttribute(name, value);
  element.addEventListener('upload-complete', ({ detail }) => say('done', detail.answer.id));`;

/** `<chunked-upload>`, from its one file. */
export class ElementClientPage extends ClientPage {
  protected override readonly input = '#files';

  override async open(endpoint = '/uploads/files', options: ClientOptions = {}): Promise<void> {
    await this.openPage('<chunked-upload></chunked-upload>');
    await this.page.addScriptTag({ path: ELEMENT, type: 'module' });
    await this.addScript(SCRIPT, { endpoint, options });
  }

  override async refusal(): Promise<string> {
    return this.page.locator('#uploads > [data-state=failed] .error').innerText();
  }

  override async giveUp(): Promise<void> {
    const cancel = this.page.getByRole('button', { name: /^Cancel / }).first();
    await new ElementPage(this.page).forGood(() => cancel.click());
  }
}
