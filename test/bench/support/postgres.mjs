import { Client } from 'pg';
import { commandOf, parentOf } from './proc.mjs';

/** The Postgres of ours: DATABASE_URL, or the embedded one. A turn gets a database of its own. */
export class Postgres {
  #client;
  #embedded = null;
  #url;
  #count = 0;
  /** Of its first process; null where it runs elsewhere. */
  pid;

  /** The embedded one keeps its data in `dataDir`, and loads the libraries of `preload`. */
  static async open(dataDir, { preload } = {}) {
    const postgres = new Postgres();
    postgres.#url = process.env.DATABASE_URL;
    if (!postgres.#url) {
      postgres.#embedded = await startEmbedded(dataDir, preload);
      postgres.#url = postgres.#embedded.url;
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
    await this.#embedded?.stop();
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

async function startEmbedded(dataDir, preload) {
  const { startEmbeddedPostgres } = await import('../../../dist/demo/embedded-postgres.js');
  const embedded = await startEmbeddedPostgres({ dataDir });
  if (!preload) return embedded;
  const client = new Client({ connectionString: embedded.url });
  await client.connect();
  await client.query(`ALTER SYSTEM SET shared_preload_libraries = '${preload}'`);
  await client.end();
  await embedded.stop();
  return startEmbeddedPostgres({ dataDir });
}
