import { once } from 'node:events';
import { type Server, type Socket, connect, createServer } from 'node:net';
import { freePort } from './free-port.js';

interface Pair {
  readonly incoming: Socket;
  readonly outgoing: Socket;
}

/** Stands between a client and a server, and can be cut, go silent, or lose its clients. */
export class TcpProxy {
  readonly #sockets = new Set<Socket>();
  readonly #pairs = new Set<Pair>();
  /** Connections to the server whose clients have been dropped. */
  readonly #abandoned = new WeakSet<Socket>();
  #muted = false;
  #server: Server | null = null;

  private constructor(
    private target: URL,
    /** Its own: nobody else has it while this proxy is cut. */
    private readonly port: number,
  ) {}

  static async to(url: string): Promise<TcpProxy> {
    const proxy = new TcpProxy(new URL(url), await freePort());
    await proxy.open();
    return proxy;
  }

  /** The target's URL, by way of this proxy. */
  get url(): string {
    const url = new URL(this.target);
    url.hostname = '127.0.0.1';
    url.port = String(this.port);
    return url.href;
  }

  /** From now on to another server; its own URL stays. */
  redirect(url: string): void {
    this.target = new URL(url);
  }

  async open(): Promise<void> {
    const server = createServer((incoming) => this.#join(incoming));
    this.#server = server;
    server.listen(this.port, '127.0.0.1');
    await once(server, 'listening');
  }

  /** Cuts all connections and refuses new ones. */
  async cut(): Promise<void> {
    const server = this.#server;
    this.#server = null;
    for (const socket of this.#sockets) socket.resetAndDestroy();
    if (server) await new Promise((resolve) => server.close(resolve));
  }

  /**
   * Resets the clients' sides alone: the server goes on with what it has been sent, as behind a
   * balancer or a firewall that forgets its clients.
   */
  dropClients(): void {
    for (const { incoming, outgoing } of this.#pairs) {
      outgoing.unpipe(incoming).resume();
      this.#abandoned.add(outgoing);
      incoming.resetAndDestroy();
    }
  }

  /**
   * Goes silent, as a firewall that has forgotten its connections: what is sent is dropped, and nobody
   * is told. `answers`: what the client sends still arrives. New connections are accepted, and get no
   * answer either.
   */
  mute(what: 'all' | 'answers' = 'all'): void {
    this.#muted = true;
    for (const { incoming, outgoing } of this.#pairs) {
      outgoing.unpipe(incoming).resume();
      if (what === 'all') incoming.unpipe(outgoing).resume();
    }
  }

  /** New connections work again; those of before stay silent. */
  unmute(): void {
    this.#muted = false;
  }

  #join(incoming: Socket): void {
    const outgoing = connect(Number(this.target.port), this.target.hostname);
    const pair = { incoming, outgoing };
    this.#pairs.add(pair);
    for (const socket of [incoming, outgoing]) {
      this.#sockets.add(socket);
      socket.on('error', () => undefined);
      socket.on('close', () => {
        this.#sockets.delete(socket);
        this.#pairs.delete(pair);
        incoming.destroy();
        if (!this.#abandoned.has(outgoing)) outgoing.destroy();
      });
    }
    if (this.#muted) {
      incoming.resume();
      return;
    }
    incoming.on('end', () => {
      if (!this.#abandoned.has(outgoing)) outgoing.end();
    });
    incoming.pipe(outgoing, { end: false });
    outgoing.pipe(incoming);
  }
}
