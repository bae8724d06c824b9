import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';

/**
 * A Node process that says one line when it is ready and ends when its standard input does, so
 * that none outlives the bench, however that ends.
 */
export class Child {
  #process;
  /** What it said: a server its URL. */
  line;

  static async start(file, { env = {}, flags = [] } = {}) {
    const child = new Child();
    child.#process = spawn(process.execPath, [...flags, fileURLToPath(file)], {
      env: { ...process.env, ...env },
      stdio: ['pipe', 'pipe', 'inherit'],
    });
    const lines = createInterface(child.#process.stdout);
    child.line = await Promise.race([
      once(lines, 'line').then(([line]) => line),
      once(child.#process, 'exit').then(([code]) => {
        throw new Error(`${file} ended with ${code} before it was ready`);
      }),
    ]);
    return child;
  }

  get pid() {
    return this.#process.pid;
  }

  async stop() {
    if (this.#process.exitCode !== null || this.#process.signalCode !== null) return;
    this.#process.stdin.end();
    await once(this.#process, 'exit');
  }
}
