import type { DataSource, EntityManager, QueryRunner } from 'typeorm';
import type { ChunkedUploadError } from '../chunked-upload.errors.js';
import { BEGIN, beginTransaction } from './begin-transaction.js';
import { databaseAway, isLast } from './database-failure.js';
import { DriverAnswers } from './driver-answers.js';
import { type DriverConnection, destroyConnection } from './driver-connection.js';
import { NoAnswer } from './no-answer.js';
import { NoConnection } from './no-connection.js';
import { endStuckConnections } from './stuck-connections.js';

type Query = (sql: string, parameters?: unknown[], structured?: true) => Promise<unknown>;

const limited = new WeakSet<QueryRunner>();

/** Whether the statements of this manager have a limit of their own already. */
export function isLimited({ queryRunner }: EntityManager): boolean {
  return queryRunner !== undefined && limited.has(queryRunner);
}

/**
 * One connection of the pool, to the primary, whose statements have a time limit each: those of a
 * transaction, and those that go through its `manager`, among them. The first one's includes the
 * wait for the connection. After a statement that was not answered in time no other is sent, and the
 * connection is not used again by anybody.
 *
 * Its statements throw ChunkedUploadError `unavailable` when their time is over, with a `cause` that
 * is `NoConnection` (nothing was sent) or `NoAnswer` (unknown).
 */
export class LimitedConnection {
  readonly #runner: QueryRunner;
  readonly #query: Query;
  readonly #answers: DriverAnswers;
  /** Null until the first statement. */
  #opening: Promise<void> | null = null;
  #connection: DriverConnection | null = null;
  #failure: ChunkedUploadError | null = null;

  constructor(
    private readonly dataSource: DataSource,
    private readonly limitMs: number,
    /** Called directly before a COMMIT is sent. */
    private readonly committing: () => void = () => undefined,
  ) {
    this.#runner = dataSource.createQueryRunner('master');
    this.#query = this.#runner.query.bind(this.#runner) as Query;
    this.#answers = new DriverAnswers(this.#runner);
    const query: Query = async (...statement) => this.#limited(statement);
    this.#runner.query = query as QueryRunner['query'];
    limited.add(this.#runner);
  }

  get runner(): QueryRunner {
    return this.#runner;
  }

  /** Why it can no longer be used; null while it can. */
  get failure(): ChunkedUploadError | null {
    return this.#failure;
  }

  /** Gives the connection back, or has it given back as soon as it comes. */
  async release(): Promise<void> {
    // A runner that is released before it has its connection would keep that for ever.
    if (this.#opening && !this.#connection) this.#opening.then(this.#giveBack, () => undefined);
    else await this.#giveBack();
  }

  /** Takes the connection out of the pool and closes it, whatever state it is in. */
  destroy(cause: Error): void {
    this.#failure ??= databaseAway(cause);
    if (this.#connection) destroyConnection(this.#runner, this.#connection, cause);
  }

  async #limited(statement: Parameters<Query>): Promise<unknown> {
    if (this.#failure) throw this.#failure;
    let sent = false;
    let timer: NodeJS.Timeout | undefined;
    const late = new Promise<never>((_, reject) => {
      timer = setTimeout(() => reject(this.#giveUp(sent)), this.limitMs);
    });
    const onSend = () => {
      sent = true;
    };
    try {
      return await Promise.race([this.#send(statement, onSend), late]);
    } finally {
      clearTimeout(timer);
    }
  }

  async #send([said, given = [], ...rest]: Parameters<Query>, onSend: () => void) {
    this.#opening ??= this.#open();
    await this.#opening;
    // It came too late, or was lost while the host did something else.
    if (this.#failure) throw this.#failure;
    onSend();
    if (said === 'COMMIT') this.committing();
    const sql = said === BEGIN ? beginTransaction(this.limitMs) : said;
    // TypeORM refuses anything but an array.
    const parameters = Array.isArray(given) ? [...given] : given;
    try {
      return await this.#answers.to(sql, parameters, () => this.#query(sql, parameters, ...rest));
    } catch (error) {
      if (isLast(error)) this.destroy(error as Error);
      throw error;
    }
  }

  async #open(): Promise<void> {
    try {
      this.#connection = (await this.#runner.connect()) as DriverConnection;
    } catch (cause) {
      const reason = cause instanceof Error ? cause.message : String(cause);
      throw new NoConnection(`No connection: ${reason}`, { cause });
    }
    this.#connection.on('error', this.#lose);
  }

  readonly #giveBack = async (): Promise<void> => {
    this.#connection?.off('error', this.#lose);
    await this.#runner.release();
  };

  /** Between two statements: TypeORM has given it up as well. */
  readonly #lose = (error: Error): void => {
    this.#failure ??= databaseAway(error);
  };

  #giveUp(sent: boolean): ChunkedUploadError {
    if (sent) {
      this.destroy(new NoAnswer(this.limitMs));
    } else {
      this.#failure ??= databaseAway(new NoConnection(`No connection within ${this.limitMs} ms`));
      endStuckConnections(this.dataSource, this.limitMs);
    }
    return this.#failure as ChunkedUploadError;
  }
}
