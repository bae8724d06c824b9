import type { IncomingMessage, Server, ServerResponse } from 'node:http';
import type { ServerHttp2Session } from 'node:http2';
import {
  Injectable,
  type OnApplicationShutdown,
  type OnModuleDestroy,
  type OnModuleInit,
} from '@nestjs/common';
import { HttpAdapterHost } from '@nestjs/core';

const EVERY_MS = 100;

type DrainableServer = Omit<Server, 'closeIdleConnections'> &
  Partial<Pick<Server, 'closeIdleConnections'>>;

// Every upload type asks for it, and an application may have several.
const draining = new WeakSet<object>();
/** Connections over HTTP/2, by server: it does not count them itself. */
const sessionsByServer = new WeakMap<object, Set<ServerHttp2Session>>();

/**
 * Once the application ends, no connection outlives the answer that it waits for. Node closes those
 * that are idle at the moment at which a server is closed, and no other: a client that goes on
 * sending chunks over one of these would meet the end again and again, and hold it up. Over HTTP/2 a
 * connection that is closed takes no new requests, and ends with those that it has.
 */
@Injectable()
export class ConnectionDrain implements OnModuleInit, OnModuleDestroy, OnApplicationShutdown {
  #timer: NodeJS.Timeout | undefined;

  constructor(private readonly adapterHost: HttpAdapterHost) {}

  onModuleInit(): void {
    const server = this.#server();
    if (!server || sessionsByServer.has(server)) return;
    const sessions = new Set<ServerHttp2Session>();
    sessionsByServer.set(server, sessions);
    server.on('session', (session: ServerHttp2Session) => {
      sessions.add(session);
      session.once('close', () => sessions.delete(session));
      if (draining.has(server)) session.close();
    });
  }

  onModuleDestroy(): void {
    const server = this.#server();
    if (!server || draining.has(server)) return;
    draining.add(server);
    for (const session of sessionsByServer.get(server) ?? []) session.close();
    // Not so a server of HTTP/2 alone.
    if (!server.closeIdleConnections) return;
    server.prependListener('request', ({ headers }: IncomingMessage, response: ServerResponse) => {
      // Who still sends a body would get a broken connection in place of the answer.
      const hasBody = 'content-length' in headers || 'transfer-encoding' in headers;
      if (!hasBody) response.setHeader('Connection', 'close');
    });
    this.#timer = setInterval(() => server.closeIdleConnections?.(), EVERY_MS).unref();
  }

  /** The server has closed by now. One that never listened does not tell so. */
  onApplicationShutdown(): void {
    clearInterval(this.#timer);
  }

  /** There is none in an application that serves no HTTP. */
  #server(): DrainableServer | undefined {
    const adapter = this.adapterHost.httpAdapter as HttpAdapterHost['httpAdapter'] | undefined;
    return adapter?.getHttpServer() as DrainableServer | undefined;
  }
}
