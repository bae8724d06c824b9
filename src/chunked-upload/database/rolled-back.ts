/**
 * A COMMIT that kept nothing: a statement of its transaction had failed, and somebody caught that.
 * Postgres says so without an error.
 */
export class RolledBack extends Error {
  override readonly name = 'RolledBack';
  /** What Postgres says to any other statement of such a transaction. */
  readonly code = '25P02';

  constructor() {
    super('A statement of the transaction had failed, so nothing of it was committed');
  }
}
