import { fork } from 'node:child_process';
import { once } from 'node:events';
import { fileURLToPath } from 'node:url';

const driver = fileURLToPath(new URL('../driver.mjs', import.meta.url));

/** The driver process: warmed up when started, does its work once when told to. */
export class Client {
  #process = fork(driver);

  static async start(job) {
    const client = new Client();
    client.#process.send(job);
    await client.#answer();
    return client;
  }

  get pid() {
    return this.#process.pid;
  }

  /** Uploads everything; answers the seconds it took. */
  async run() {
    this.#process.send('start');
    const { seconds } = await this.#answer();
    return seconds;
  }

  stop() {
    this.#process.kill();
  }

  async #answer() {
    const failed = new AbortController();
    const { signal } = failed;
    try {
      const [answer] = await Promise.race([
        once(this.#process, 'message', { signal }),
        once(this.#process, 'exit', { signal }).then(() => {
          throw new Error('the client failed; its error is above');
        }),
      ]);
      return answer;
    } finally {
      failed.abort();
    }
  }
}
