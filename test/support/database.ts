import { randomBytes } from 'node:crypto';
import { Client } from 'pg';
import { inject } from 'vitest';

export interface TestDatabase {
  url: string;
  drop(): Promise<void>;
}

/** A fresh, empty database on the server of this run; `options`: as of `CREATE DATABASE`. */
export async function createDatabase(options = ''): Promise<TestDatabase> {
  const name = `spec_${randomBytes(8).toString('hex')}`;
  await execute(`CREATE DATABASE ${name} ${options}`);
  const url = new URL(inject('databaseUrl'));
  url.pathname = name;
  // FORCE: a test that failed may have left its connections open.
  return { url: url.href, drop: () => execute(`DROP DATABASE ${name} WITH (FORCE)`) };
}

async function execute(statement: string): Promise<void> {
  await executeOn(inject('databaseUrl'), statement);
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
