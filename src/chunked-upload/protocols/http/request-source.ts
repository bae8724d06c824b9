import type { IncomingMessage } from 'node:http';
import { Socket } from 'node:net';
import type { ChunkSource } from '../../engine/chunk-body.js';

/**
 * A request as the source of its body. Of an ordinary connection it is the socket that holds on, and
 * the request goes on to hand out what has been read of it: paused itself, it would keep that in an
 * object for each piece, and a single read may hold 10,000 pieces of one byte. Several may ask it to
 * hold on; it goes on when all of them agree.
 */
export class RequestSource implements ChunkSource {
  static readonly #known = new WeakMap<IncomingMessage, RequestSource>();

  static of(incoming: IncomingMessage): RequestSource {
    const known = RequestSource.#known.get(incoming) ?? new RequestSource(incoming);
    RequestSource.#known.set(incoming, known);
    return known;
  }

  #holds = 0;
  readonly #socket: Socket | null;
  readonly #readOn: () => void;

  private constructor(private readonly incoming: IncomingMessage) {
    // HTTP/2 has none of its own, and a request that is only played to the application none at all.
    const socket: unknown = incoming.httpVersionMajor === 1 ? incoming.socket : null;
    this.#socket = socket instanceof Socket ? socket : null;
    // oxlint-disable-next-line no-underscore-dangle -- Node's name for what a stream is asked for more by
    const read = incoming._read.bind(incoming);
    this.#readOn = () => read(0);
    // What flows asks for more after each piece.
    // oxlint-disable-next-line no-underscore-dangle
    if (this.#socket) incoming._read = () => (this.#holds > 0 ? undefined : read(0));
  }

  pause(): void {
    this.#holds += 1;
    if (this.#holds > 1) return;
    if (this.#socket) this.#socket.pause();
    else this.incoming.pause();
  }

  resume(): void {
    this.#holds -= 1;
    if (this.#holds > 0) return;
    if (this.#socket) this.#readOn();
    else this.incoming.resume();
  }
}
