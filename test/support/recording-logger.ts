import type { LoggerService } from '@nestjs/common';

/** Keeps what an application says from its first request on; its start is not of interest. */
export class RecordingLogger implements LoggerService {
  readonly lines: string[] = [];
  readonly #record =
    (level: string) =>
    (message: unknown): void => {
      const text = message instanceof Error ? message.message : String(message);
      this.lines.push(`${level}: ${text}`);
    };

  readonly log = (): void => undefined;
  readonly error = this.#record('error');
  readonly warn = this.#record('warn');
  readonly fatal = this.#record('fatal');
  readonly debug = this.#record('debug');
  readonly verbose = this.#record('verbose');
}
