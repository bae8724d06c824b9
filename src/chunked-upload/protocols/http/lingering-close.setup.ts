import type { IncomingMessage, ServerResponse } from 'node:http';
import { Injectable, type MiddlewareConsumer, type OnModuleInit, type Type } from '@nestjs/common';
import { HttpAdapterHost } from '@nestjs/core';
import { type FastifyInstance, beforeAnswer } from '../../platform/fastify.js';
import { lingerAfterAnswer } from './lingering-close.js';
import { markAnswer } from './mark-answer.js';

// Every upload type asks for it, and an application may have several.
const prepared = new WeakSet<object>();

/** Has every answer of upload routes reach its client, also one of a guard or a pipe of the host. */
@Injectable()
export class LingeringCloseSetup implements OnModuleInit {
  constructor(private readonly adapterHost: HttpAdapterHost) {}

  /** On Fastify by a hook: middleware needs a plugin there, which a host may have left out. */
  onModuleInit(): void {
    if (!this.#isOnFastify()) return;
    const fastify = this.adapterHost.httpAdapter.getInstance<FastifyInstance>();
    if (prepared.has(fastify)) return;
    prepared.add(fastify);
    beforeAnswer(fastify, (incoming, outgoing) => {
      markAnswer(incoming, outgoing);
      lingerAfterAnswer(incoming, outgoing);
    });
  }

  /** Elsewhere by middleware, which comes before guards. */
  configure(consumer: MiddlewareConsumer, controllers: readonly Type[]): void {
    if (this.#isOnFastify() || controllers.length === 0) return;
    const middleware = (request: IncomingMessage, response: ServerResponse, next: () => void) => {
      markAnswer(request, response);
      lingerAfterAnswer(request, response);
      next();
    };
    consumer.apply(middleware).forRoutes(...controllers);
  }

  #isOnFastify(): boolean {
    // There is none in an application that serves no HTTP.
    const adapter = this.adapterHost.httpAdapter as HttpAdapterHost['httpAdapter'] | undefined;
    return adapter?.getType() === 'fastify';
  }
}
