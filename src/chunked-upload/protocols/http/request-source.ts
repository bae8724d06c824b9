import type { IncomingMessage } from 'node:http';
import type { ServerHttp2Stream } from 'node:http2';
import { Socket } from 'node:net';
import type { ChunkSource } from '../../engine/chunk-body.js';
import { http2StreamOf } from './http2-stream.js';

/**
 * A request as the source of its body. It is the connection that holds on, over HTTP/2 the stream,
 * and the request goes on to hand out what has been read of it: paused itself, it would keep that in
 * an object for each piece, and a single read may hold 10,000 pieces of one byte. Several may ask it
 * to hold on; it goes on when all of them agree.
 */
export class RequestSource implements ChunkSource {
  static readonly #known = new WeakMap<IncomingMessage, RequestSource>();

  static of(incoming: IncomingMessage): RequestSource {
    const known = RequestSource.#known.get(incoming) ?? new RequestSource(incoming);
    RequestSource.#known.set(incoming, known);
    return known;
  }

  #holds = 0;
  readonly #intake: ChunkSource;

  private constructor(incoming: IncomingMessage) {
    const isHeld = () => this.#holds > 0;
    const stream = http2StreamOf(incoming);
    const socket: unknown = incoming.socket;
    if (stream) this.#intake = streamIntake(stream, isHeld);
    else if (socket instanceof Socket) this.#intake = socketIntake(incoming, socket, isHeld);
    // A request that is only played to the application has no connection.
    else this.#intake = incoming;
  }

  pause(): void {
    this.#holds += 1;
    if (this.#holds === 1) this.#intake.pause();
  }

  resume(): void {
    this.#holds -= 1;
    if (this.#holds === 0) this.#intake.resume();
  }
}

type IsHeld = () => boolean;

function socketIntake(incoming: IncomingMessage, socket: Socket, isHeld: IsHeld): ChunkSource {
  const readOn = guardReads(incoming, isHeld);
  let isResuming = false;
  return {
    pause: () => {
      if (!isResuming) socket.pause();
    },
    resume: () => {
      // A socket goes on only in the next tick, and then also if it has been paused meanwhile.
      if (!isResuming) {
        isResuming = true;
        socket.once('resume', () => {
          isResuming = false;
          if (isHeld()) socket.pause();
        });
      }
      readOn();
    },
  };
}

/** Where its stream is not read on, the client has a window to fill, and then has to wait. */
function streamIntake(stream: ServerHttp2Stream, isHeld: IsHeld): ChunkSource {
  const readOn = guardReads(stream, isHeld);
  const push = stream.push.bind(stream);
  // Node reads no more of what is full, and the stream counts as full after the next piece.
  stream.push = (piece, encoding) => push(piece, encoding) && !isHeld();
  return { pause: () => undefined, resume: readOn };
}

/** What flows asks for more after each piece: not so what is held. Returns what asks again. */
function guardReads(stream: IncomingMessage | ServerHttp2Stream, isHeld: IsHeld): () => void {
  // oxlint-disable-next-line no-underscore-dangle -- Node's name for what a stream is asked for more by
  const read = stream._read.bind(stream);
  // oxlint-disable-next-line no-underscore-dangle
  stream._read = () => {
    if (!isHeld()) read(0);
  };
  return () => read(0);
}
