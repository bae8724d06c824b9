import type { IncomingMessage } from 'node:http';
import type { CallHandler, ExecutionContext, NestInterceptor } from '@nestjs/common';
import { type Observable, of } from 'rxjs';
import { endProbe } from './probe-request.js';

/** The last one before a route of the uploads: a probe has seen all of the host by then. */
export class ProbeInterceptor implements NestInterceptor {
  intercept(context: ExecutionContext, next: CallHandler): Observable<unknown> {
    const request = context.switchToHttp().getRequest<IncomingMessage>();
    return endProbe(request) ? of(undefined) : next.handle();
  }
}
