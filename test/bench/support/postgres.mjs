import { Client } from 'pg';
import { commandOf, parentOf } from './proc.mjs';

/** The Postgres of ours: DATABASE_URL, or the embedded one. A turn gets a database of its own. */
export class Postgres {
  #client;
  #stop;
  #url;
  #count = 0;
  /** Of its first process; null where it runs elsewhere. */
  pid;

  static async open(url, dataDir) {
    const postgres = new Postgres();
    if (url) {
      postgres.#url = url;
      postgres.#stop = async () => {};
    } else {
      const { startEmbeddedPostgres } = await import('../../../dist/demo/embedded-postgres.js');
      const embedded = await startEmbeddedPostgres({ dataDir });
      postgres.#url = embedded.url;
      postgres.#stop = () => embedded.stop();
    }
    postgres.#client = new Client({ connectionString: postgres.#url });
    await postgres.#client.connect();
    postgres.pid = await postgres.#findPid();
    return postgres;
  }

  async createDatabase() {
    const name = `bench_${process.pid}_${++this.#count}`;
    await this.#client.query(`CREATE DATABASE ${name}`);
    const url = new URL(this.#url);
    url.pathname = name;
    return { url: url.href, drop: () => this.#client.query(`DROP DATABASE ${name} WITH (FORCE)`) };
  }

  async close() {
    await this.#client.end();
    await this.#stop();
  }

  async #findPid() {
    const { rows } = await this.#client.query('SELECT pg_backend_pid() AS pid');
    try {
      return commandOf(rows[0].pid) === 'postgres' ? parentOf(rows[0].pid) : null;
    } catch {
      return null;
    }
  }
}
