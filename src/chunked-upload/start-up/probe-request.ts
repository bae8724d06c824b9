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
  const noSocket = new NoSocket();
  const socket = noSocket as unknown as Socket;
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
      // Of the response itself, Node does not keep what was given to `writeHead`, as Fastify does it.
      const fields = fieldsOf(noSocket.written);
      resolve({ status, fields, wasRead: incoming.readableDidRead });
      socket.destroy();
    };
    response.once('finish', () => end(response.statusCode));
    signal.addEventListener('abort', () => end(null));
    server.emit('request', incoming, response);
  });
}

function fieldsOf(answer: string): Record<string, string> {
  const fields: Record<string, string> = {};
  const [head = ''] = answer.split('\r\n\r\n', 1);
  for (const line of head.split('\r\n')) {
    const [, name, value] = /^([^:\s]+):\s*(.*)$/.exec(line) ?? [];
    if (name === undefined || value === undefined) continue;
    const before = fields[name.toLowerCase()];
    fields[name.toLowerCase()] = before === undefined ? value : `${before}, ${value}`;
  }
  return fields;
}

/** What frameworks and middleware ask of a socket. */
class NoSocket extends Duplex {
  /** The beginning of the answer, with all of its header. */
  written = '';
  readonly remoteAddress = '127.0.0.1';
  readonly remoteFamily = 'IPv4';
  readonly remotePort = 0;
  readonly localAddress = '127.0.0.1';
  readonly localPort = 0;
  readonly encrypted = false;

  override _read(): void {}

  override _write(bytes: Buffer, _encoding: unknown, done: () => void): void {
    if (!this.written.includes('\r\n\r\n')) this.written += bytes.toString('latin1');
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
