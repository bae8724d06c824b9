import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { fileURLToPath } from 'node:url';

/**
 * A Node process that says when it is ready, answers questions one by one, and ends with the
 * bench, however that ends. Its side is parent.mjs.
 */
export class Child {
  #process;
  /** What it said when it was ready: a server its URL. */
  ready;

  static async start(file, { env = {}, flags = [] } = {}) {
    const child = new Child();
    child.#process = spawn(process.execPath, [...flags, fileURLToPath(file)], {
      env: { ...process.env, ...env },
      // Standard output is for the report.
      stdio: ['ignore', process.stderr, 'inherit', 'ipc'],
    });
    child.ready = await child.#answer();
    return child;
  }

  get pid() {
    return this.#process.pid;
  }

  get isRunning() {
    return this.#process.exitCode === null && this.#process.signalCode === null;
  }

  async ask(question, argument) {
    this.#process.send({ question, argument });
    return this.#answer();
  }

  async stop() {
    if (!this.isRunning) return;
    this.#process.disconnect();
    await once(this.#process, 'exit');
  }

  async #answer() {
    const over = new AbortController();
    const { signal } = over;
    try {
      const [answer] = await Promise.race([
        once(this.#process, 'message', { signal }),
        once(this.#process, 'exit', { signal }).then(() => {
          throw new Error(`failed, its error is above: ${this.#process.spawnargs.join(' ')}`);
        }),
      ]);
      return answer;
    } finally {
      over.abort();
    }
  }
}
