/** Bytes of a chunk whose last ones come only when it is told to. */
export class HeldBody implements AsyncIterable<Uint8Array> {
  release!: () => void;
  readonly #released = new Promise<void>((resolve) => {
    this.release = resolve;
  });

  constructor(
    private readonly first: Uint8Array,
    private readonly rest: Uint8Array,
  ) {}

  async *[Symbol.asyncIterator](): AsyncGenerator<Uint8Array> {
    yield this.first;
    await this.#released;
    yield this.rest;
  }
}
