import { randomBytes } from 'node:crypto';
import { Client } from 'pg';
import { inject } from 'vitest';

export interface TestDatabase {
  url: string;
  drop(): Promise<void>;
}

/**
 * A fresh, empty database; `options`: as of `CREATE DATABASE`. Default: on the server of this run, which
 * other files share.
 */
export async function createDatabase(
  options = '',
  server = inject('databaseUrl'),
): Promise<TestDatabase> {
  const name = `spec_${randomBytes(8).toString('hex')}`;
  await executeOn(server, `CREATE DATABASE ${name} ${options}`);
  const url = new URL(server);
  url.pathname = name;
  // FORCE: a test that failed may have left its connections open.
  return { url: url.href, drop: () => executeOn(server, `DROP DATABASE ${name} WITH (FORCE)`) };
}

/** One statement on a connection of its own. */
export async function executeOn(url: string, statement: string): Promise<void> {
  await queryOn(url, statement);
}

/** What one statement gives, on a connection of its own. */
export async function queryOn(
  url: string,
  statement: string,
  parameters?: readonly unknown[],
): Promise<Record<string, unknown>[]> {
  const client = new Client({ connectionString: url });
  await client.connect();
  try {
    const { rows } = await client.query<Record<string, unknown>>(statement, parameters?.slice());
    return rows;
  } finally {
    await client.end();
  }
}
