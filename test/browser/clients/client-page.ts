import { createRequire } from 'node:module';
import { bundle } from '../bundle.js';
import type { Stage } from '../stage.js';

const require = createRequire(import.meta.url);

/** What pages of all clients have: a place to say how it went, and the words of a server's refusal. */
const PAGE = `
  <output id="said"></output>
  <script>
    const say = (state, words) => {
      const said = document.getElementById('said');
      said.textContent = words;
      said.dataset.state = state;
    };
    const sentence = (body) => {
      // A connection that broke has said nothing.
      if (!body) return 'The connection broke';
      const { detail } = JSON.parse(body);
      return typeof detail === 'string' ? detail : Object.values(detail).flat().join(' ');
    };
  </script>`;

/** Scripts by the modules that they were made of. */
const bundles = new Map<string, Promise<string>>();

/** Of the client's own options. */
export type ClientOptions = Readonly<Record<string, unknown>>;

/** A page with one of the clients that people use, set up as its users do. */
export abstract class ClientPage {
  constructor(protected readonly stage: Stage) {}

  /** Where files are chosen. */
  protected readonly input: string = '#input';

  /** Opens the page. What an earlier one at this address has kept, it finds. */
  abstract open(endpoint?: string, options?: ClientOptions): Promise<void>;

  /** Chooses a file; most clients then begin to send it. */
  async choose(name: string, bytes: Buffer): Promise<void> {
    const path = await this.stage.file(name, bytes);
    await this.page.locator(this.input).first().setInputFiles(path);
  }

  /** What it takes to send what has been chosen. */
  async start(): Promise<void> {}

  async send(name: string, bytes: Buffer): Promise<void> {
    await this.choose(name, bytes);
    await this.start();
  }

  /** @returns the id of the upload, once its user is told that it is done */
  async done(): Promise<string> {
    const { state, words } = await this.said();
    if (state !== 'done') throw new Error(`${state}: ${words}`);
    return words.split('/').at(-1) ?? '';
  }

  /** What its user reads of why the server takes it not. */
  async refusal(): Promise<string> {
    const { state, words } = await this.said();
    if (state !== 'failed') throw new Error(`${state}: ${words}`);
    return words;
  }

  /** Gives up what is being sent, as its user does who wants nothing to be left. */
  abstract giveUp(): Promise<void>;

  /** Makes the page forget files that it would bring back by itself. */
  async forget(): Promise<void> {}

  protected get page() {
    return this.stage.page;
  }

  protected async openPage(body: string): Promise<void> {
    await this.stage.open(body + PAGE);
  }

  /** The same on a page that the server itself has sent. */
  protected async openPageOn(url: string, body: string): Promise<void> {
    await this.page.goto(url);
    await this.page.setContent(`<!doctype html>${body}${PAGE}`);
  }

  /** A script of an installed package. */
  protected async addPackage(file: string): Promise<void> {
    await this.page.addScriptTag({ path: require.resolve(file) });
  }

  /** A module with the packages that it imports. */
  protected async addModule(source: string): Promise<void> {
    const made = bundles.get(source) ?? bundle({ 'entry.js': source });
    bundles.set(source, made);
    await this.page.addScriptTag({ content: await made });
  }

  /** @param values by the names that the script knows them by */
  protected async addScript(content: string, values: ClientOptions = {}): Promise<void> {
    const given = Object.entries(values).map(
      ([name, value]) => `const ${name} = ${JSON.stringify(value)};`,
    );
    await this.page.addScriptTag({ content: `{ ${given.join(' ')} ${content} }` });
  }

  private async said(): Promise<{ state: string | null; words: string }> {
    const said = this.page.locator('#said[data-state]');
    return { words: await said.innerText(), state: await said.getAttribute('data-state') };
  }
}
