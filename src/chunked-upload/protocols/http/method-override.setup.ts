import type { IncomingMessage, ServerResponse } from 'node:http';
import { Inject, Injectable, type MiddlewareConsumer, type Type } from '@nestjs/common';
import { HttpAdapterHost } from '@nestjs/core';
import { UPLOAD_PROTOCOLS } from '../../chunked-upload.tokens.js';
import { type FastifyInstance, rerouteAs } from '../../platform/fastify.js';
import type { UploadProtocol } from './upload-protocol.js';

/**
 * Has a request that means another method routed as one of that method, before anything of its route is
 * run: what guards the other one guards it, too.
 */
@Injectable()
export class MethodOverrideSetup {
  constructor(
    private readonly adapterHost: HttpAdapterHost,
    @Inject(UPLOAD_PROTOCOLS) private readonly protocols: readonly UploadProtocol[],
  ) {}

  configure(consumer: MiddlewareConsumer, controllers: readonly Type[]): void {
    if (controllers.length === 0) return;
    const { httpAdapter } = this.adapterHost;
    if (httpAdapter.getType() === 'fastify') {
      const fastify = httpAdapter.getInstance<FastifyInstance>();
      rerouteAs(fastify, controllers, (incoming) => this.#methodOf(incoming));
      return;
    }
    // The router looks at the method anew for each of its routes.
    const middleware = (request: IncomingMessage, _: ServerResponse, next: () => void) => {
      request.method = this.#methodOf(request) ?? request.method;
      next();
    };
    consumer.apply(middleware).forRoutes(...controllers);
  }

  #methodOf(incoming: IncomingMessage): string | null {
    for (const protocol of this.protocols) {
      const method = protocol.methodOf?.(incoming) ?? null;
      if (method !== null) return method;
    }
    return null;
  }
}
