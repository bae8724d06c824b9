import { DataSource, type DataSourceOptions } from 'typeorm';

const MIGRATIONS_LOCK = 4_715_908;

/**
 * Connects, and brings the tables up to date under a lock: several processes of the demo may start
 * at once on one database.
 */
export async function connect(options: DataSourceOptions): Promise<DataSource> {
  const dataSource = await new DataSource(options).initialize().catch((cause: unknown) => {
    const reason = (cause as Error).message || (cause as NodeJS.ErrnoException).code;
    throw new Error(`The database of DATABASE_URL is not available: ${reason}`, { cause });
  });
  const runner = dataSource.createQueryRunner();
  try {
    await runner.query('SELECT pg_advisory_lock($1)', [MIGRATIONS_LOCK]);
    await dataSource.runMigrations();
    await runner.query('SELECT pg_advisory_unlock($1)', [MIGRATIONS_LOCK]);
  } finally {
    await runner.release();
  }
  return dataSource;
}
