import type { IncomingMessage, Server, ServerResponse } from 'node:http';
import { Injectable, type OnApplicationShutdown, type OnModuleDestroy } from '@nestjs/common';
import { HttpAdapterHost } from '@nestjs/core';

const EVERY_MS = 100;

// Every upload type asks for it, and an application may have several.
const draining = new WeakSet<object>();

/**
 * Once the application ends, no connection outlives the answer that it waits for. Node closes those
 * that are idle at the moment at which a server is closed, and no other: a client that goes on
 * sending chunks over one of these would meet the end again and again, and hold it up.
 */
@Injectable()
export class ConnectionDrain implements OnModuleDestroy, OnApplicationShutdown {
  #timer: NodeJS.Timeout | undefined;

  constructor(private readonly adapterHost: HttpAdapterHost) {}

  onModuleDestroy(): void {
    // There is none in an application that serves no HTTP, and none over HTTP/2 that can do this.
    const adapter = this.adapterHost.httpAdapter as HttpAdapterHost['httpAdapter'] | undefined;
    const server = adapter?.getHttpServer() as Server | undefined;
    if (!server?.closeIdleConnections || draining.has(server)) return;
    draining.add(server);
    server.prependListener('request', ({ headers }: IncomingMessage, response: ServerResponse) => {
      // Who still sends a body would get a broken connection in place of the answer.
      const hasBody = 'content-length' in headers || 'transfer-encoding' in headers;
      if (!hasBody) response.setHeader('Connection', 'close');
    });
    this.#timer = setInterval(() => server.closeIdleConnections(), EVERY_MS).unref();
  }

  /** The server has closed by now. One that never listened does not tell so. */
  onApplicationShutdown(): void {
    clearInterval(this.#timer);
  }
}
