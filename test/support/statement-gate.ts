import { type AddressInfo, type Server, type Socket, connect, createServer } from 'node:net';

interface Held {
  readonly incoming: Socket;
  readonly outgoing: Socket;
  readonly bytes: Buffer;
}

/** A line to Postgres that holds a statement back until it is told to let it through. */
export class StatementGate {
  readonly #sockets = new Set<Socket>();
  readonly #server: Server;
  /** Of the statement that is to be held. */
  #words: string | null = null;
  #held: Held | null = null;

  private constructor(private readonly target: URL) {
    this.#server = createServer((incoming) => this.#join(incoming));
  }

  static async to(url: string): Promise<StatementGate> {
    const gate = new StatementGate(new URL(url));
    await new Promise<void>((resolve) => {
      gate.#server.listen(0, '127.0.0.1', resolve);
    });
    return gate;
  }

  /** The target's URL, by way of this line. */
  get url(): string {
    const url = new URL(this.target);
    url.hostname = '127.0.0.1';
    url.port = String((this.#server.address() as AddressInfo).port);
    return url.href;
  }

  /** Holds the next statement back that has these words, and only that one. */
  holdNext(words: string): void {
    this.#words = words;
  }

  get isHolding(): boolean {
    return this.#held !== null;
  }

  /** Lets it through. Resolves when the answer has come to the client's machine, read or not. */
  async release(): Promise<void> {
    const held = this.#held;
    if (!held) throw new Error('No statement is held');
    this.#held = null;
    await new Promise<void>((resolve) => {
      held.outgoing.once('data', () => held.incoming.write('', () => resolve()));
      held.outgoing.write(held.bytes);
    });
  }

  async close(): Promise<void> {
    for (const socket of this.#sockets) socket.destroy();
    await new Promise((resolve) => this.#server.close(resolve));
  }

  #join(incoming: Socket): void {
    const outgoing = connect(Number(this.target.port), this.target.hostname);
    for (const socket of [incoming, outgoing]) {
      this.#sockets.add(socket);
      socket.on('error', () => undefined);
      socket.on('close', () => {
        this.#sockets.delete(socket);
        incoming.destroy();
        outgoing.destroy();
      });
    }
    outgoing.on('data', (bytes: Buffer) => incoming.write(bytes));
    // A client sends a statement at once, and no other before it has been answered.
    incoming.on('data', (bytes: Buffer) => {
      const isMeant = this.#words !== null && bytes.includes(this.#words);
      if (!isMeant) return outgoing.write(bytes);
      this.#words = null;
      this.#held = { incoming, outgoing, bytes };
    });
  }
}
