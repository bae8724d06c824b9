/** A statement was sent and not answered within its time: it may yet take effect. */
export class NoAnswer extends Error {
  override readonly name = 'NoAnswer';

  constructor(limitMs: number) {
    super(`No answer within ${limitMs} ms`);
  }
}
