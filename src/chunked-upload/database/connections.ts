import { setTimeout as sleep } from 'node:timers/promises';
import { type DataSource, type EntityManager, TypeORMError } from 'typeorm';
import { databaseAway, databaseFailure, isConflict } from './database-failure.js';
import { LimitedConnection, isLimited } from './limited-connection.js';
import { NoAnswer } from './no-answer.js';
import { SubscriberFailure } from './subscriber-failure.js';

/** That of the option `callTimeout`. */
const DEFAULT_LIMIT_MS = 15_000;

/** How often what met a conflict is asked, and the longest pause after the first one. */
const MOST_ATTEMPTS = 6;
const PAUSE_MS = 20;

/** Who is told how far a commit has come. */
export interface CommitWatch {
  /** Called directly before it is sent: until then an error means that nothing is kept. */
  readonly committing: () => void;
  /** Called when the database has undone it for somebody else's, and it is begun anew. */
  readonly undone: () => void;
}

/** How a transaction is told of, and how it may go. */
export interface TransactionOptions extends Partial<CommitWatch> {
  /** Whether its work may be done again after the database has undone it for somebody else's. */
  readonly repeatable?: () => boolean;
}

type Work<R> = (manager: EntityManager) => Promise<R>;

/**
 * The ways of statements to the database. Each takes a connection of its own to the primary, so that
 * neither a replica nor a cache answers what decides; none waits longer than the limit, for its
 * connection or its answer; and none is asked for while another one is held.
 *
 * All of them throw ChunkedUploadError `unavailable` where the database is away or too slow, and what
 * the driver says else.
 */
export class Connections {
  constructor(
    readonly dataSource: DataSource,
    /** How long, in milliseconds, one statement may take. */
    private readonly limitMs = DEFAULT_LIMIT_MS,
  ) {}

  /**
   * Runs one statement that commits by itself; in a conflict with others it is asked again. With the
   * `manager` of a transaction it is part of that: one of the host's keeps its connection.
   */
  async run<R>(work: Work<R>, manager?: EntityManager, limitMs = this.limitMs): Promise<R> {
    if (!manager?.queryRunner) return this.#repeat(async () => this.#alone(work, limitMs));
    const running = work(manager);
    return (isLimited(manager) ? running : this.#limited(running)).catch(databaseFailure);
  }

  /** Runs `work` in one transaction. */
  async transaction<R>(work: Work<R>, options: TransactionOptions = {}): Promise<R> {
    const { committing, undone, repeatable = () => false } = options;
    return this.#repeat(async () => this.#transaction(work, committing), repeatable, undone);
  }

  async #alone<R>(work: Work<R>, limitMs: number): Promise<R> {
    const connection = new LimitedConnection(this.dataSource, Math.min(limitMs, this.limitMs));
    try {
      return await work(connection.runner.manager);
    } finally {
      await connection.release();
    }
  }

  async #transaction<R>(work: Work<R>, committing?: () => void): Promise<R> {
    const connection = new LimitedConnection(this.dataSource, this.limitMs, committing);
    const { runner } = connection;
    try {
      await runner.startTransaction();
      const result = await work(runner.manager);
      await runner.commitTransaction().catch((error: unknown) => {
        const isCommitted = !runner.isTransactionActive || error instanceof SubscriberFailure;
        if (!isCommitted) throw error;
        // It is committed: what failed was a subscriber of the host's, which is told of that.
        this.dataSource.logger.log('warn', `A subscriber failed after a commit: ${String(error)}`);
      });
      return result;
    } catch (error) {
      // A connection with an open transaction must not be anybody else's.
      const { failure } = connection;
      await runner.rollbackTransaction().catch((cause: Error) => connection.destroy(cause));
      // Of a connection that was lost TypeORM says only that it is no longer there.
      throw failure !== null && error instanceof TypeORMError ? failure : error;
    } finally {
      await connection.release();
    }
  }

  async #repeat<R>(
    attempt: () => Promise<R>,
    repeatable = () => true,
    undone: () => void = () => undefined,
  ): Promise<R> {
    const giveUpAt = performance.now() + this.limitMs;
    for (let count = 1; ; count += 1) {
      try {
        return await attempt();
      } catch (error) {
        const mayRepeat = count < MOST_ATTEMPTS && performance.now() < giveUpAt && repeatable();
        if (!mayRepeat || !isConflict(error)) return databaseFailure(error);
        undone();
      }
      await sleep(Math.random() * PAUSE_MS * count);
    }
  }

  /** On a connection of the host's, which may go on with it. */
  async #limited<R>(running: Promise<R>): Promise<R> {
    let timer: NodeJS.Timeout | undefined;
    const late = new Promise<never>((_, reject) => {
      timer = setTimeout(() => reject(databaseAway(new NoAnswer(this.limitMs))), this.limitMs);
    });
    try {
      return await Promise.race([running, late]);
    } finally {
      clearTimeout(timer);
    }
  }
}
