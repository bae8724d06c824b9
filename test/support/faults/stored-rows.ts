import { setTimeout as sleep } from 'node:timers/promises';
import { Client } from 'pg';
import type { StoredBytes } from './stored-bytes.js';

interface StoredRow {
  readonly id: string;
  readonly offset: number;
  readonly status: number;
  readonly final_key: string;
  readonly expires_at: Date | null;
  /** How many rows of the host there are that its completion wrote. */
  readonly completions: number;
  /** How many there have to be once it is complete. */
  readonly hooks: number;
}

/** Upload types, and whether they have an `onComplete`. */
const TABLES = { chunked_upload: 0, hooked_upload: 1 };
const [INCOMPLETE, COMPLETE, ABORTED] = [1, 2, 3];
const LOOK_AGAIN_MS = 100;

const ROWS = Object.entries(TABLES)
  .map(
    ([
      table,
      hooks,
    ]) => `SELECT id, "offset"::float8, status, final_key, expires_at, ${hooks} AS hooks,
      (SELECT count(*)::int FROM completions WHERE upload_id = ${table}.id) AS completions
      FROM ${table}`,
  )
  .join(' UNION ALL ');

/** Rows and bytes as they are, whatever a host says of them. */
export class StoredRows {
  private constructor(
    private readonly client: Client,
    private readonly bytes: StoredBytes,
  ) {}

  /** Before there are hosts: with the tables that are not the library's. */
  static async of(databaseUrl: string, bytes: StoredBytes): Promise<StoredRows> {
    const client = new Client({ connectionString: databaseUrl });
    await client.connect();
    await client.query('CREATE TABLE completions (upload_id uuid)');
    return new StoredRows(client, bytes);
  }

  async close(): Promise<void> {
    await this.client.end();
  }

  async query(sql: string, parameters: unknown[] = []): Promise<void> {
    await this.client.query(sql, parameters);
  }

  /** Whether a cleaner has still to do with an upload: it is there, and not as one that is kept. */
  async isDoomed(id: string): Promise<boolean> {
    const row = (await this.#rows()).find((each) => each.id === id);
    return row !== undefined && !(row.status === ABORTED && row.expires_at === null);
  }

  /** No bytes are gone that a row names, and a completion has happened once or not at all. */
  async check(when: string): Promise<void> {
    const faults = await this.#faults();
    if (faults.length === 0) return;
    // A process may be at work on one of them: between the look at its row and that at its file.
    await sleep(LOOK_AGAIN_MS);
    const lasting = (await this.#faults()).filter((fault) => faults.includes(fault));
    if (lasting.length > 0) throw new Error(`${when}: ${lasting.join('; ')}`);
  }

  /** Ids of rows and names of what is stored. */
  async everything(): Promise<string[]> {
    const rows = (await this.#rows()).map(({ id, status }) => `row ${id} (status ${status})`);
    return [...rows, ...(await this.bytes.names())];
  }

  async #faults(): Promise<string[]> {
    const faults: string[] = [];
    for (const row of await this.#rows()) {
      const { id, offset, status, final_key: finalKey, completions, hooks } = row;
      if (status === INCOMPLETE && offset > 0) {
        const held = await this.bytes.held(id);
        if (held < offset) {
          faults.push(`${id} has ${offset} acknowledged bytes, and ${held} are stored`);
        }
      }
      const finished = status === COMPLETE ? await this.bytes.size(finalKey) : offset;
      if (finished < offset) {
        faults.push(`${id} is complete with ${offset} bytes, and ${finished} are stored`);
      }
      if (completions !== (status === COMPLETE ? hooks : 0)) {
        faults.push(`${id} has status ${status} and was completed ${completions} times`);
      }
    }
    return faults;
  }

  async #rows(): Promise<StoredRow[]> {
    return (await this.client.query<StoredRow>(ROWS)).rows;
  }
}
