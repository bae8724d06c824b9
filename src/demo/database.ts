import { DataSource, type DataSourceOptions, MigrationExecutor } from 'typeorm';

const MIGRATIONS_LOCK = 4_715_908;

/**
 * Connects, and brings the tables up to date under a lock: several processes of the demo may start
 * at once on one database.
 *
 * The lock is the transaction's in which the migrations run, and both are one connection's: a pooler
 * such as PgBouncer gives a session's next statement to another server connection, where a lock of the
 * session would stay for ever; and of two connections each the processes could wait for one another.
 */
export async function connect(options: DataSourceOptions): Promise<DataSource> {
  const dataSource = await new DataSource(options).initialize().catch((cause: unknown) => {
    const reason = (cause as Error).message || (cause as NodeJS.ErrnoException).code;
    throw new Error(`The database of DATABASE_URL is not available: ${reason}`, { cause });
  });
  const runner = dataSource.createQueryRunner();
  try {
    await runner.startTransaction();
    await runner.query('SELECT pg_advisory_xact_lock($1)', [MIGRATIONS_LOCK]);
    await new MigrationExecutor(dataSource, runner).executePendingMigrations();
    await runner.commitTransaction();
  } finally {
    // Ends a transaction that failed.
    if (runner.isTransactionActive) await runner.rollbackTransaction();
    await runner.release();
  }
  return dataSource;
}
