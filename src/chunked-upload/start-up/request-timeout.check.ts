import type { Server } from 'node:http';
import { type CheckedType, StartUpCheck } from './start-up-check.js';

/** Node's default, in milliseconds. Whoever set a longer one has thought about it. */
const DEFAULT_MS = 300_000;

/** An HTTP server that cuts a chunk on a slow line, however steadily it comes. */
export class RequestTimeoutCheck extends StartUpCheck {
  warning({ hasRoutes, adapterHost }: CheckedType): string | null {
    if (!hasRoutes) return null;
    const { requestTimeout } = adapterHost.httpAdapter.getHttpServer() as Partial<Server>;
    if (!requestTimeout || requestTimeout > DEFAULT_MS) return null;
    return (
      `The HTTP server cuts every request after ${requestTimeout / 1000} s, chunks on slow lines ` +
      'among them. Set app.getHttpServer().requestTimeout = 0 before the application listens.'
    );
  }
}
