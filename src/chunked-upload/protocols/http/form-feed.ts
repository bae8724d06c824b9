import type { IncomingMessage } from 'node:http';
import { PageWriter } from '../../memory/page-writer.js';
import type { PieceCounter } from '../../memory/piece-meter.js';
import { isSmall } from '../../memory/piece-queue.js';
import { processPieces } from '../../memory/process-memory.js';
import { RequestSource } from './request-source.js';

/** What takes the bytes of a form. */
export interface FormSink {
  write(bytes: Uint8Array): void;
  /** The request has ended. */
  end(): void;
}

/**
 * Hands a request's bytes to the parser of its form as they come; small pieces of one turn of the
 * event loop together, since the parser makes objects of each.
 */
export class FormFeed {
  readonly #pages = new PageWriter();
  readonly #pieces: PieceCounter;
  #turn: NodeJS.Immediate | null = null;
  #stopped = false;
  readonly #take = (piece: Uint8Array): void => this.#receive(piece);

  constructor(
    private readonly incoming: IncomingMessage,
    private readonly parser: FormSink,
  ) {
    this.#pieces = processPieces.counter(RequestSource.of(incoming));
    incoming.on('data', this.#take);
    // Whatever stands before us may have paused it.
    incoming.resume();
  }

  /** All has come. */
  end(): void {
    this.#flush();
    if (!this.#stopped) this.parser.end();
  }

  /** Feeds what has come by now, and nothing more. */
  finish(): void {
    this.incoming.off('data', this.#take);
    this.#flush();
    // A request that was paused when it broke still holds bytes, and does not emit them any more.
    for (let rest = this.#buffered(); rest; rest = this.#buffered()) this.#write(rest);
    this.stop();
  }

  #buffered(): Uint8Array | null {
    return this.incoming.read() as Uint8Array | null;
  }

  /** Feeds nothing more. */
  stop(): void {
    this.#stopped = true;
    this.incoming.off('data', this.#take);
    this.#pieces.close();
  }

  #receive(piece: Uint8Array): void {
    if (!isSmall(piece)) {
      this.#flush();
      this.#write(piece);
      return;
    }
    this.#pieces.count();
    for (let rest = piece; rest.length > 0;) {
      if (this.#pages.room === 0) {
        this.#flush();
        this.#pages.begin();
      }
      rest = rest.subarray(this.#pages.write(rest));
    }
    if (this.#turn === null) this.#turn = setImmediate(() => this.#flush());
  }

  #flush(): void {
    if (this.#turn) clearImmediate(this.#turn);
    this.#turn = null;
    const page = this.#pages.end();
    if (page) this.#write(trimmed(page));
  }

  #write(bytes: Uint8Array): void {
    if (!this.#stopped) this.parser.write(bytes);
  }
}

/** The parser keeps parts of what it is given: of a page that is mostly empty not all of it. */
function trimmed(page: Uint8Array): Uint8Array {
  if (page.length * 2 >= page.buffer.byteLength) return page;
  const copy = Buffer.allocUnsafeSlow(page.length);
  copy.set(page);
  return copy;
}
