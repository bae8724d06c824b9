import { QueryFailedError, type QueryRunner } from 'typeorm';
import { SubscriberFailure } from './subscriber-failure.js';

/**
 * What the driver says of the statements of one query runner. The host's subscribers (`afterQuery`)
 * are told of each after that, and when one of them fails TypeORM throws its error in the place of
 * what the driver said: a statement that took effect would look like one that was refused.
 */
export class DriverAnswers {
  /** By the parameters of the statement: how it failed; null: it did not. */
  readonly #failures = new WeakMap<object, Error | null>();

  constructor(runner: QueryRunner) {
    const { broadcaster } = runner;
    const tell = broadcaster.broadcastAfterQueryEvent.bind(broadcaster);
    broadcaster.broadcastAfterQueryEvent = (...event) => {
      const [, , parameters, succeeded, , , error] = event;
      // The first time only: TypeORM takes what a subscriber throws at once for a failed statement.
      if (parameters && !this.#failures.has(parameters)) {
        this.#failures.set(parameters, succeeded ? null : (error as Error));
      }
      tell(...event);
    };
  }

  /**
   * Runs one statement, with `parameters` that are no other one's.
   * @throws SubscriberFailure where it took effect
   */
  async to<R>(sql: string, parameters: unknown[], run: () => Promise<R>): Promise<R> {
    try {
      return await run();
    } catch (thrown) {
      const failure = this.#failures.get(parameters);
      if (failure === null) throw new SubscriberFailure(thrown);
      const isDrivers =
        failure === undefined || (thrown as QueryFailedError).driverError === failure;
      throw isDrivers ? thrown : new QueryFailedError(sql, parameters, failure);
    }
  }
}
