import { setTimeout as sleep } from 'node:timers/promises';
import { type BeforeApplicationShutdown, Logger, type OnModuleInit } from '@nestjs/common';
import { plainPath } from '../upload-type/plain-path.js';
import { BodyParserCheck } from './body-parser.check.js';
import { ConnectionPoolCheck } from './connection-pool.check.js';
import { CorsCheck } from './cors.check.js';
import { OwnersCheck } from './owners.check.js';
import { RequestTimeoutCheck } from './request-timeout.check.js';
import type { CheckedType, StartUpCheck } from './start-up-check.js';
import { StorageCheck } from './storage.check.js';
import { TableCheck } from './table.check.js';

/** A check that takes longer, in milliseconds, says nothing. */
const PATIENCE_MS = 3000;

const CHECKS: readonly StartUpCheck[] = [
  new BodyParserCheck(),
  new CorsCheck(),
  new RequestTimeoutCheck(),
  new StorageCheck(),
  new TableCheck(),
  new OwnersCheck(),
  new ConnectionPoolCheck(),
];

// What several types of an application have in common is said once.
const applications = new WeakMap<object, CheckedType[]>();

/**
 * Warns, once the application listens, of what would only show later. It neither stops the start nor
 * delays it. An application without a server, such as a command, is not checked.
 */
export class StartUpChecks implements OnModuleInit, BeforeApplicationShutdown {
  #running: Promise<void> | null = null;

  constructor(private readonly checked: CheckedType) {}

  onModuleInit(): void {
    const { adapterHost } = this.checked;
    const others = applications.get(adapterHost);
    others?.push(this.checked);
    if (others) return;
    const types = [this.checked];
    applications.set(adapterHost, types);
    adapterHost.listen$.subscribe(() => {
      // Also told by the end of an application that never listened.
      if (!adapterHost.listening) return;
      // What follows the host's `await app.listen()` still counts.
      this.#running = new Promise((resolve) => {
        setImmediate(() => void warnOf(types).finally(resolve));
      });
    });
  }

  async beforeApplicationShutdown(): Promise<void> {
    await this.#running;
  }
}

async function warnOf(types: readonly CheckedType[]): Promise<void> {
  const logger = new Logger('ChunkedUpload');
  for (const [warning, paths] of await collect(types)) {
    logger.warn(`${paths.map((path) => `/${plainPath(path)}`).join(', ')}: ${warning}`);
  }
}

/** Warnings, and the paths of the types that each is about. */
async function collect(types: readonly CheckedType[]): Promise<Map<string, string[]>> {
  const found = await Promise.all(
    CHECKS.flatMap((check) =>
      types.map(async (checked) => ({
        path: checked.type.path,
        warning: await warningOf(check, checked),
      })),
    ),
  );
  const paths = new Map<string, string[]>();
  for (const { warning, path } of found) {
    if (warning !== null) paths.set(warning, [...(paths.get(warning) ?? []), path]);
  }
  return paths;
}

async function warningOf(check: StartUpCheck, checked: CheckedType): Promise<string | null> {
  const patience = new AbortController();
  try {
    return await Promise.race([
      check.warning(checked),
      sleep(PATIENCE_MS, null, { ref: false, signal: patience.signal }),
    ]);
  } catch {
    // Such as a database that is away, which every request says by itself.
    return null;
  } finally {
    patience.abort();
  }
}
