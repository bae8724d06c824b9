import { once } from 'node:events';
import { type Socket, connect } from 'node:net';
import { until } from './waiting.js';

const PREFACE = 'PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n';
// RFC 9113, section 6.
const DATA = 0;
const HEADERS = 1;
const RST_STREAM = 3;
const SETTINGS = 4;
const GOAWAY = 7;
const WINDOW_UPDATE = 8;
const END_STREAM = 1;
const ACK = 1;
const END_HEADERS = 4;
const WINDOW = 65_535;

/** What one request of a `FrameConnection` has been answered by now. */
export interface FramedAnswer {
  /** Null: not yet. Only those that HPACK has an index for, else 0. */
  status: number | null;
  body: string;
  /** Whether the answer is whole. */
  ended: boolean;
  /** The code of the RST_STREAM that has come; null: none. */
  reset: number | null;
  /** Bytes that may be sent yet. */
  window: number;
}

const STATUS: Readonly<Record<number, number>> = {
  0x88: 200,
  0x89: 204,
  0x8b: 304,
  0x8c: 400,
  0x8d: 404,
};

/** HTTP/2 by hand: a client that sends which frames it likes, each when it likes. */
export class FrameConnection {
  readonly answers = new Map<number, FramedAnswer>();
  /** Of the connection, over all streams: bytes that may be sent yet. */
  window = WINDOW;
  hasEnded = false;
  #received = Buffer.alloc(0);
  #nextId = 1;

  private constructor(readonly socket: Socket) {
    socket.on('data', (bytes) => this.#receive(bytes));
    socket.on('error', () => undefined);
    socket.on('close', () => {
      this.hasEnded = true;
    });
  }

  static async open(url: string): Promise<FrameConnection> {
    const { hostname, port } = new URL(url);
    const socket = connect(Number(port), hostname);
    await once(socket, 'connect');
    socket.setNoDelay(true);
    const connection = new FrameConnection(socket);
    socket.write(PREFACE);
    socket.write(frame(SETTINGS, 0, 0));
    return connection;
  }

  /** Begins a request; its id. A header may come more than once. */
  request(method: string, path: string, headers: readonly (readonly [string, string])[]): number {
    const id = this.#nextId;
    this.#nextId += 2;
    this.answers.set(id, { status: null, body: '', ended: false, reset: null, window: WINDOW });
    const pseudo = [
      [':method', method],
      [':scheme', 'http'],
      [':authority', 'localhost'],
      [':path', path],
    ] as const;
    const block = Buffer.concat([...pseudo, ...headers].map(literal));
    this.socket.write(frame(HEADERS, END_HEADERS, id, block));
    return id;
  }

  answer(id: number): FramedAnswer {
    const answer = this.answers.get(id);
    if (!answer) throw new Error(`There is no stream ${id}`);
    return answer;
  }

  /** Sends `bytes` in frames of `size`, as far as the windows let it; how many bytes that were. */
  data(id: number, bytes: Uint8Array, size = 16_384): number {
    const answer = this.answer(id);
    const room = Math.min(bytes.length, this.window, answer.window);
    const frames: Buffer[] = [];
    for (let at = 0; at < room; at += size) {
      frames.push(frame(DATA, 0, id, bytes.subarray(at, Math.min(room, at + size))));
    }
    this.window -= room;
    answer.window -= room;
    this.socket.write(Buffer.concat(frames));
    return room;
  }

  /** Sends all of `bytes`, and waits for windows meanwhile. */
  async allData(id: number, bytes: Uint8Array, size?: number): Promise<void> {
    for (let sent = 0; sent < bytes.length;) {
      const room = () => this.window > 0 && this.answer(id).window > 0;
      await until('there is a window', room, { everyMs: 1 });
      sent += this.data(id, bytes.subarray(sent), size);
    }
  }

  end(id: number): void {
    this.socket.write(frame(DATA, END_STREAM, id));
  }

  /** RST_STREAM. */
  reset(id: number, code: number): void {
    this.socket.write(frame(RST_STREAM, 0, id, number(code)));
  }

  destroy(): void {
    this.socket.destroy();
  }

  #receive(bytes: Buffer): void {
    this.#received = Buffer.concat([this.#received, bytes]);
    for (;;) {
      if (this.#received.length < 9) return;
      const length = this.#received.readUIntBE(0, 3);
      if (this.#received.length < 9 + length) return;
      const [type = 0, flags = 0] = this.#received.subarray(3, 5);
      const id = this.#received.readUInt32BE(5);
      const payload = this.#received.subarray(9, 9 + length);
      this.#received = this.#received.subarray(9 + length);
      this.#take(type, flags, id, payload);
    }
  }

  #take(type: number, flags: number, id: number, payload: Buffer): void {
    const answer = this.answers.get(id);
    if (type === SETTINGS && (flags & ACK) === 0) this.socket.write(frame(SETTINGS, ACK, 0));
    if (type === WINDOW_UPDATE) {
      if (answer) answer.window += payload.readUInt32BE();
      else this.window += payload.readUInt32BE();
    }
    if (type === GOAWAY) this.hasEnded = true;
    if (!answer) return;
    if (type === HEADERS) answer.status = STATUS[payload[0] ?? 0] ?? 0;
    if (type === DATA) answer.body += payload.toString();
    if ((type === HEADERS || type === DATA) && (flags & END_STREAM) !== 0) answer.ended = true;
    if (type === RST_STREAM) answer.reset = payload.readUInt32BE();
  }
}

function frame(type: number, flags: number, id: number, payload: Uint8Array = Buffer.alloc(0)) {
  const head = Buffer.alloc(9);
  head.writeUIntBE(payload.length, 0, 3);
  head[3] = type;
  head[4] = flags;
  head.writeUInt32BE(id, 5);
  return Buffer.concat([head, payload]);
}

function number(value: number): Buffer {
  const bytes = Buffer.alloc(4);
  bytes.writeUInt32BE(value);
  return bytes;
}

/** A field that is in no table, and not to be kept in one (RFC 7541, section 6.2.2). */
function literal([name, value]: readonly [string, string]): Buffer {
  return Buffer.concat([Buffer.from([0]), text(name), text(value)]);
}

function text(value: string): Buffer {
  const bytes = Buffer.from(value, 'latin1');
  // An integer of a prefix of seven bits (RFC 7541, section 5.1).
  const length: number[] = [];
  let rest = bytes.length - 127;
  if (rest < 0) length.push(bytes.length);
  else {
    length.push(127);
    for (; rest >= 128; rest >>= 7) length.push((rest & 127) | 128);
    length.push(rest);
  }
  return Buffer.concat([Buffer.from(length), bytes]);
}
