import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { type TestDatabase, createDatabase } from '../database.js';
import { FaultHost } from './fault-host.js';
import { FaultPlan } from './fault-plan.js';
import { PostgresLine } from './postgres-line.js';
import { StoredRows } from './stored-rows.js';

/** What whoever waited does about it, it does within. */
const AFTERMATH_MS = 200;

/** Two processes over one database and one disk. In the first one things go wrong. */
export class Stage {
  private constructor(
    readonly plan: FaultPlan,
    /** Between the first process and the database. */
    readonly line: PostgresLine,
    readonly first: FaultHost,
    readonly second: FaultHost,
    readonly rows: StoredRows,
    readonly root: string,
    private readonly database: TestDatabase,
  ) {
    plan.kill = () => first.kill();
  }

  static async open(): Promise<Stage> {
    const database = await createDatabase();
    const root = await mkdtemp(join(tmpdir(), 'fault-table-'));
    const rows = await StoredRows.of(database.url, root);
    const plan = new FaultPlan();
    const line = await PostgresLine.to(database.url, plan);
    const first = await FaultHost.start({ databaseUrl: line.url, root, makeTables: true, plan });
    const direct = { databaseUrl: database.url, root, makeTables: false, plan: null };
    const second = await FaultHost.start(direct);
    await rows.query('INSERT INTO person (id) VALUES (1)');
    return new Stage(plan, line, first, second, rows, root, database);
  }

  /** What went without an answer ends at last, for whoever still waits for it. */
  async endHanging(): Promise<void> {
    this.line.release();
    this.first.release();
    await sleep(AFTERMATH_MS);
  }

  /** For the next cell. One that failed may have left anything, and may still be at it. */
  async reset(hasFailed: boolean): Promise<void> {
    this.plan.end();
    await this.endHanging();
    if (hasFailed) {
      await this.first.kill();
      await this.line.settled();
      await this.rows.query('TRUNCATE chunked_upload, hooked_upload, completions');
      await rm(join(this.root, 'chunked_uploads'), { recursive: true, force: true });
    }
    for (const host of [this.first, this.second]) if (!host.isAlive) await host.launch();
  }

  async close(): Promise<void> {
    await Promise.all([this.first.kill(), this.second.kill()]);
    await this.line.close();
    await this.rows.close();
    await this.database.drop();
    await rm(this.root, { recursive: true, force: true });
  }
}
