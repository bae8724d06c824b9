import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { S3Double, type S3Mode } from 'nestjs-chunked-upload/testing';
import { type TestDatabase, createDatabase } from '../database.js';
import { storeOptions } from '../store-options.js';
import { FaultHost, type HostStorage } from './fault-host.js';
import { FaultPlan } from './fault-plan.js';
import { PostgresLine } from './postgres-line.js';
import { S3FaultLine } from './s3-fault.js';
import { DiskBytes, S3Bytes, type StoredBytes } from './stored-bytes.js';
import { StoredRows } from './stored-rows.js';

/** What whoever waited does about it, it does within. */
const AFTERMATH_MS = 200;
const KIB = 1024;
const BUCKET = 'uploads';

/** Where the bytes of a stage are. */
interface StageStorage {
  readonly settings: HostStorage;
  readonly bytes: StoredBytes;
  /** Of what the sizes of its uploads are multiples, in bytes. */
  readonly unit: number;
  /** Whether things go wrong between host and store, and nowhere else. */
  readonly isRemote: boolean;
  /** What goes wrong again and again does so no longer. */
  endLasting(): void;
  /** What went without an answer ends. */
  release(): void;
  close(): Promise<void>;
}

/**
 * Two processes over one database and one disk, or one S3 store. In the first one things go wrong.
 */
export class Stage {
  private constructor(
    readonly plan: FaultPlan,
    /** Between the first process and the database. */
    readonly line: PostgresLine,
    readonly first: FaultHost,
    readonly second: FaultHost,
    readonly rows: StoredRows,
    private readonly storage: StageStorage,
    private readonly database: TestDatabase,
  ) {
    plan.kill = () => first.kill();
  }

  /** Without a mode: on disk. */
  static async open(mode: S3Mode | null = null): Promise<Stage> {
    const plan = new FaultPlan();
    const storage = mode === null ? await onDisk() : await onS3(mode, plan);
    const database = await createDatabase();
    const rows = await StoredRows.of(database.url, storage.bytes);
    const { settings, isRemote } = storage;
    const line = await PostgresLine.to(database.url, isRemote ? new FaultPlan() : plan);
    const first = await FaultHost.start({
      databaseUrl: line.url,
      storage: settings,
      makeTables: true,
      plan: isRemote ? null : plan,
      name: FIRST,
    });
    const direct = { databaseUrl: database.url, storage: settings, makeTables: false };
    const second = await FaultHost.start({ ...direct, plan: null, name: 'second' });
    await rows.query('INSERT INTO person (id) VALUES (1)');
    return new Stage(plan, line, first, second, rows, storage, database);
  }

  get unit(): number {
    return this.storage.unit;
  }

  /** What goes wrong again and again has been seen often enough. */
  endLasting(): void {
    this.storage.endLasting();
  }

  /** What went without an answer ends at last, for whoever still waits for it. */
  async endHanging(): Promise<void> {
    this.line.release();
    this.first.release();
    this.storage.release();
    await sleep(AFTERMATH_MS);
  }

  /** For the next cell. One that failed may have left anything, and may still be at it. */
  async reset(hasFailed: boolean): Promise<void> {
    this.plan.end();
    await this.endHanging();
    if (hasFailed) {
      await Promise.all([this.first.kill(), this.second.kill()]);
      await this.line.settled();
      await this.rows.query('TRUNCATE chunked_upload, hooked_upload, completions');
      await this.storage.bytes.clear();
    }
    for (const host of [this.first, this.second]) if (!host.isAlive) await host.launch();
  }

  async close(): Promise<void> {
    await Promise.all([this.first.kill(), this.second.kill()]);
    await this.line.close();
    await this.rows.close();
    await this.database.drop();
    await this.storage.close();
  }
}

const FIRST = 'first';

async function onDisk(): Promise<StageStorage> {
  const root = await mkdtemp(join(tmpdir(), 'fault-table-'));
  return {
    settings: { root },
    bytes: new DiskBytes(root),
    unit: KIB,
    isRemote: false,
    endLasting: () => undefined,
    release: () => undefined,
    close: () => rm(root, { recursive: true, force: true }),
  };
}

async function onS3(mode: S3Mode, plan: FaultPlan): Promise<StageStorage> {
  const double = await S3Double.start({ mode, buckets: [BUCKET] });
  const line = new S3FaultLine(plan, ({ headers }) =>
    String(headers['user-agent']).includes(`exec-env/${FIRST}`),
  );
  double.on('*', line.hook);
  return {
    settings: { bucket: BUCKET, connection: storeOptions(double) },
    bytes: new S3Bytes(double, BUCKET),
    // Enough for pieces and for parts, which have 5 MiB at least.
    unit: 40 * KIB,
    isRemote: true,
    endLasting: () => line.endLasting(),
    release: () => line.release(),
    close: () => double.close(),
  };
}
