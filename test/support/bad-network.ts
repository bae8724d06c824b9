import { once } from 'node:events';
import { connect, createServer, type AddressInfo, type Server, type Socket } from 'node:net';

/** What happens to the connections once so many bytes have passed. */
type Trouble = 'cut' | 'hold';

/** A way to a server on this machine that breaks or stalls where a test wants it. */
export class BadNetwork {
  private readonly pairs = new Set<[Socket, Socket]>();
  private readonly server: Server;
  private trouble: Trouble | null = null;
  private bytesLeft = Infinity;
  private isDown = false;
  private struck: () => void = () => undefined;

  private constructor(private readonly target: URL) {
    this.server = createServer({ pauseOnConnect: true }, (client) => this.join(client));
  }

  /** @param url of the server behind it */
  static async to(url: string): Promise<BadNetwork> {
    const network = new BadNetwork(new URL(url));
    network.server.listen(0);
    await once(network.server, 'listening');
    return network;
  }

  get url(): string {
    return `${this.target.protocol}//localhost:${(this.server.address() as AddressInfo).port}`;
  }

  /**
   * Lets `bytes` more pass towards the server. Then it cuts every connection and works again, or
   * holds everything until `release()`.
   *
   * @returns when that has happened
   */
  after(bytes: number, trouble: Trouble): Promise<void> {
    this.bytesLeft = bytes;
    this.trouble = trouble;
    return new Promise((resolve) => {
      this.struck = resolve;
    });
  }

  /** Lets everything pass again. */
  release(): void {
    this.bytesLeft = Infinity;
    this.trouble = null;
    this.isDown = false;
    for (const [client] of this.pairs) client.resume();
  }

  /** Breaks every connection, and works again. */
  cut(): void {
    for (const [client, server] of this.pairs) {
      client.destroy();
      server.destroy();
    }
  }

  /** Breaks every connection and takes no other, until `release()`: there is no server any more. */
  down(): void {
    this.isDown = true;
    this.cut();
  }

  async close(): Promise<void> {
    this.cut();
    this.server.close();
    await once(this.server, 'close');
  }

  private join(client: Socket): void {
    if (this.isDown) {
      client.destroy();
      return;
    }
    const server = connect(Number(this.target.port), this.target.hostname);
    const pair: [Socket, Socket] = [client, server];
    this.pairs.add(pair);
    const part = (): void => {
      this.pairs.delete(pair);
      client.destroy();
      server.destroy();
    };
    for (const socket of pair) socket.on('error', part).on('close', part);
    server.pipe(client);
    server.on('drain', () => this.holds || client.resume());
    client.on('data', (bytes) => {
      this.bytesLeft -= bytes.length;
      if (!server.write(bytes)) client.pause();
      if (this.bytesLeft < 0) this.strike(client);
    });
    if (!this.holds) client.resume();
  }

  private get holds(): boolean {
    return this.trouble === 'hold' && this.bytesLeft < 0;
  }

  private strike(client: Socket): void {
    if (this.trouble === 'hold') {
      client.pause();
    } else {
      this.cut();
      this.release();
    }
    this.struck();
  }
}
