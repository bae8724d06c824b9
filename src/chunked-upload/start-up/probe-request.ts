import { IncomingMessage, type Server, ServerResponse } from 'node:http';
import type { Socket } from 'node:net';
import { Duplex } from 'node:stream';

/** A request that this process makes to itself, without a connection. */
export interface Probe {
  readonly method: string;
  readonly url: string;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: Buffer;
}

export interface ProbeResult {
  /** Of the answer; null where none came. */
  readonly status: number | null;
  /** Header fields of the answer, by lower-case names. */
  readonly fields: Readonly<Record<string, string>>;
  /** Whether somebody had read of the body by then. */
  readonly wasRead: boolean;
}

/** Sends a probe through everything that the host has put before its routes. */
export async function sendProbe(
  server: Server,
  { method, url, headers, body }: Probe,
  signal: AbortSignal,
): Promise<ProbeResult> {
  const socket = new NoSocket() as unknown as Socket;
  const incoming = new IncomingMessage(socket);
  Object.assign(incoming, { method, url, httpVersion: '1.1', httpVersionMajor: 1 });
  Object.assign(incoming, { httpVersionMinor: 1, complete: true });
  incoming.headers = { host: 'localhost', ...headers, 'content-length': String(body.length) };
  incoming.rawHeaders = Object.entries(incoming.headers).flatMap(([name, value]) => [
    name,
    String(value),
  ]);
  incoming.push(body);
  incoming.push(null);
  const response = new ServerResponse(incoming);
  response.assignSocket(socket);
  return new Promise((resolve) => {
    const end = (status: number | null) => {
      const fields = Object.entries(response.getHeaders()).map(([name, value]) => [
        name,
        String(value),
      ]);
      resolve({
        status,
        fields: Object.fromEntries(fields) as Record<string, string>,
        wasRead: incoming.readableDidRead,
      });
      socket.destroy();
    };
    response.once('finish', () => end(response.statusCode));
    signal.addEventListener('abort', () => end(null));
    server.emit('request', incoming, response);
  });
}

/** What frameworks and middleware ask of a socket; what is written to it is dropped. */
class NoSocket extends Duplex {
  readonly remoteAddress = '127.0.0.1';
  readonly remoteFamily = 'IPv4';
  readonly remotePort = 0;
  readonly localAddress = '127.0.0.1';
  readonly localPort = 0;
  readonly encrypted = false;

  override _read(): void {}

  override _write(_bytes: unknown, _encoding: unknown, done: () => void): void {
    done();
  }

  address(): object {
    return { address: this.localAddress, family: this.remoteFamily, port: this.localPort };
  }

  setTimeout(): this {
    return this;
  }

  setKeepAlive(): this {
    return this;
  }

  setNoDelay(): this {
    return this;
  }

  ref(): this {
    return this;
  }

  unref(): this {
    return this;
  }

  destroySoon(): void {
    this.destroy();
  }
}
