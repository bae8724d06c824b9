/** There was no connection for a statement: it has never been sent. */
export class NoConnection extends Error {
  override readonly name = 'NoConnection';
}
