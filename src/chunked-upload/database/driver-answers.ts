import { QueryFailedError, type QueryRunner } from 'typeorm';
import { RolledBack } from './rolled-back.js';
import { SubscriberFailure } from './subscriber-failure.js';

interface Answer {
  /** Null: the statement took effect. */
  readonly failure: Error | null;
  /** What was done, in the server's word. */
  readonly command: unknown;
}

/**
 * What the driver says of the statements of one query runner. The host's subscribers (`afterQuery`)
 * are told of each after that, and when one of them fails TypeORM throws its error in the place of
 * what the driver said: a statement that took effect would look like one that was refused.
 */
export class DriverAnswers {
  /** By the parameters of the statement. */
  readonly #answers = new WeakMap<object, Answer>();

  constructor(runner: QueryRunner) {
    const { broadcaster } = runner;
    const tell = broadcaster.broadcastAfterQueryEvent.bind(broadcaster);
    broadcaster.broadcastAfterQueryEvent = (...event) => {
      const [, , parameters, succeeded, , raw, error] = event;
      // The first time only: TypeORM takes what a subscriber throws at once for a failed statement.
      if (parameters && !this.#answers.has(parameters)) {
        const { command } = Object(raw) as { command?: unknown };
        this.#answers.set(parameters, { failure: succeeded ? null : (error as Error), command });
      }
      tell(...event);
    };
  }

  /**
   * Runs one statement, with `parameters` that are no other one's.
   * @throws SubscriberFailure where it took effect; RolledBack where a COMMIT did not
   */
  async to<R>(sql: string, parameters: unknown[], run: () => Promise<R>): Promise<R> {
    const outcome = await run().then(
      (result) => ({ result }),
      (thrown: unknown) => ({ thrown }),
    );
    const answer = this.#answers.get(parameters);
    if (sql === 'COMMIT' && answer?.command === 'ROLLBACK') throw new RolledBack();
    if ('result' in outcome) return outcome.result;
    const { thrown } = outcome;
    if (!answer || (thrown as QueryFailedError).driverError === answer.failure) throw thrown;
    if (answer.failure === null) throw new SubscriberFailure(thrown);
    throw new QueryFailedError(sql, parameters, answer.failure);
  }
}
