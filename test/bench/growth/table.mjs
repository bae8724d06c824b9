import { ChunkedUpload, chunkedUploadMigrations } from 'nestjs-chunked-upload';
import { DataSource } from 'typeorm';

/** The table of uploads as a host gets it, by the module's migrations, and what Postgres says of it. */
export class UploadsTable {
  #source;
  #name;
  url;

  static async open(url) {
    const table = new UploadsTable();
    table.url = url;
    table.#source = new DataSource({
      type: 'postgres',
      url,
      entities: [ChunkedUpload],
      migrations: chunkedUploadMigrations,
    });
    await table.#source.initialize();
    await table.#source.runMigrations();
    table.#name = table.#source.getMetadata(ChunkedUpload).tablePath;
    return table;
  }

  /** In bytes. `needed`: by the rows as they are, each with its place in the list of its page. */
  async size() {
    const [row] = await this.#source.query(
      `SELECT pg_relation_size(oid) AS "table", pg_indexes_size(oid) AS "indexes",
        pg_table_size(oid) - pg_relation_size(oid) AS "beside",
        array_to_string(reloptions, ', ') AS "options",
        (SELECT sum((pg_column_size(each.*) + 7) / 8 * 8 + 4) FROM ${this.#name} each) AS "needed"
      FROM pg_class WHERE oid = $1::regclass`,
      [this.#name],
    );
    const { options, ...sizes } = row;
    const numbers = Object.entries(sizes).map(([key, value]) => [key, Number(value)]);
    return { ...Object.fromEntries(numbers), options };
  }

  /** So far; a connection tells a second after its statement, or ten, or at its end. */
  async updates() {
    const [{ all, hot }] = await this.#source.query(
      `SELECT n_tup_upd AS "all", n_tup_hot_upd AS "hot"
      FROM pg_stat_user_tables WHERE relid = $1::regclass`,
      [this.#name],
    );
    return { all: Number(all), hot: Number(hot) };
  }

  async runningLeases() {
    const [{ count }] = await this.#source.query(
      `SELECT count(*) FROM ${this.#name} WHERE lease_until > clock_timestamp()`,
    );
    return Number(count);
  }

  /** Postgres counts its statements anew; false where it does not count them. */
  async countStatements() {
    try {
      await this.#source.query('CREATE EXTENSION IF NOT EXISTS pg_stat_statements');
      await this.#source.query('SELECT pg_stat_statements_reset()');
      return true;
    } catch {
      return false;
    }
  }

  /** Of those about this table since then, the one that took longest in sum. */
  async longestStatement() {
    const [longest] = await this.#source.query(
      `SELECT calls::int, rows::int, mean_exec_time AS "mean", max_exec_time AS "longest", query
      FROM pg_stat_statements JOIN pg_database ON pg_database.oid = dbid
      WHERE datname = current_database() AND query LIKE $1
      ORDER BY total_exec_time DESC LIMIT 1`,
      [`%${this.#name}%`],
    );
    return longest;
  }

  close() {
    return this.#source.destroy();
  }
}
