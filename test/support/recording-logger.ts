import type { INestApplication, LoggerService } from '@nestjs/common';
import type { HostOptions } from './host.js';

/** Keeps what an application says, but for what Nest says of its start. */
export class RecordingLogger implements LoggerService {
  readonly lines: string[] = [];
  readonly #record =
    (level: string) =>
    (message: unknown): void => {
      const text = message instanceof Error ? message.message : String(message);
      this.lines.push(`${level}: ${text}`);
    };

  readonly log = (message: unknown, context?: unknown): void => {
    if (context === 'ChunkedUpload') this.lines.push(`log: ${String(message)}`);
  };
  readonly error = this.#record('error');
  readonly warn = this.#record('warn');
  readonly fatal = this.#record('fatal');
  readonly debug = this.#record('debug');
  readonly verbose = this.#record('verbose');
}

/** A host that says to `logger` what it says, and that the check at its start finds nothing wrong with. */
export function loggingTo(logger: RecordingLogger): HostOptions {
  const prepare = (app: INestApplication): void => {
    (app.getHttpServer() as { requestTimeout: number }).requestTimeout = 0;
  };
  return { nest: { logger }, prepare, fastify: { prepare } };
}
