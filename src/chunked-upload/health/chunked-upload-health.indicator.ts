import { setTimeout as sleep } from 'node:timers/promises';
import { Inject, Injectable, Logger } from '@nestjs/common';
import { ModulesContainer } from '@nestjs/core';
import type { StorageProvider } from '../storage/storage.provider.js';
import { probesIn } from './health-probes.js';

/** The answer of an indicator, as `HealthCheckService` of `@nestjs/terminus` takes it. */
export type ChunkedUploadHealth<K extends string = string> = Record<
  K,
  { readonly status: 'up' | 'down'; readonly message?: string; readonly freeBytes?: number }
>;

export interface DiskHealthOptions {
  /** With fewer bytes to write the disk is "down". Default: 64 MiB. */
  readonly minFreeBytes?: number;
}

/** What takes longer, in milliseconds, does not work. */
const PATIENCE_MS = 3000;
/** An answer of a storage holds for so long: whoever asks `/health` often must not load a store. */
const KNOWN_MS = 5000;
const MIN_FREE_BYTES = 64 * 1024 * 1024;

type Asked = { readonly at: number; readonly answer: Promise<string | null> };

/**
 * Whether uploads can be taken: for `/health` by `@nestjs/terminus`, or without it. Inject it wherever
 * `ChunkedUploadModule.forRoot` is imported. An indicator never throws, and its messages give no
 * path and no host away; the log says why.
 *
 * ```ts
 * this.health.check([() => this.uploads.database(), () => this.uploads.storage()])
 * ```
 */
@Injectable()
export class ChunkedUploadHealthIndicator {
  readonly #logger = new Logger('ChunkedUpload');
  readonly #asked = new WeakMap<StorageProvider, Asked>();
  readonly #said = new Map<string, string>();

  constructor(@Inject(ModulesContainer) private readonly application: ModulesContainer) {}

  /** Whether the databases of all upload types answer within 3 seconds. */
  async database<K extends string = 'database'>(
    key: K = 'database' as K,
  ): Promise<ChunkedUploadHealth<K>> {
    const databases = new Map(
      probesIn(this.application).map(({ database, ping }) => [database, ping]),
    );
    const answers = [...databases.values()].map((ping) =>
      failureOf(ping(PATIENCE_MS).then(() => null)),
    );
    return this.#result(key, await Promise.all(answers), 'The database does not answer');
  }

  /** Whether the storages of all upload types can be written to. Asked anew after 5 seconds. */
  async storage<K extends string = 'storage'>(
    key: K = 'storage' as K,
  ): Promise<ChunkedUploadHealth<K>> {
    const answers = this.#storages().map((storage) => this.#check(storage));
    return this.#result(key, await Promise.all(answers), 'The storage cannot be used');
  }

  /** Whether there is room on the disks of the storages that have one. A bucket has no end. */
  async disk<K extends string = 'disk'>(
    key: K = 'disk' as K,
    { minFreeBytes = MIN_FREE_BYTES }: DiskHealthOptions = {},
  ): Promise<ChunkedUploadHealth<K>> {
    const rooms: number[] = [];
    const failures: (string | null)[] = [];
    for (const storage of this.#storages()) {
      const asked = async (): Promise<null> => {
        const room = await storage.freeBytes?.();
        if (room !== undefined) rooms.push(room);
        return null;
      };
      failures.push(await failureOf(asked()));
    }
    const freeBytes = rooms.length > 0 ? Math.min(...rooms) : undefined;
    const isFull = freeBytes !== undefined && freeBytes < minFreeBytes;
    if (isFull) failures.push(`${freeBytes} bytes are free, ${minFreeBytes} are wanted`);
    const sentence = isFull ? 'The disk is nearly full' : 'The free space of the disk is unknown';
    const result = this.#result(key, failures, sentence);
    if (freeBytes === undefined) return result;
    return { [key]: { ...result[key], freeBytes } } as ChunkedUploadHealth<K>;
  }

  #storages(): StorageProvider[] {
    return [...new Set(probesIn(this.application).map(({ storage }) => storage))];
  }

  #check(storage: StorageProvider): Promise<string | null> {
    const known = this.#asked.get(storage);
    if (known && performance.now() - known.at < KNOWN_MS) return known.answer;
    // A string is a warning of less: it can be used.
    const asked = async (): Promise<null> => {
      await storage.check?.();
      return null;
    };
    const answer = failureOf(asked());
    this.#asked.set(storage, { at: performance.now(), answer });
    return answer;
  }

  #result<K extends string>(
    key: K,
    failures: readonly (string | null)[],
    message: string,
  ): ChunkedUploadHealth<K> {
    const reason = failures.filter((failure) => failure !== null).join('; ');
    // Once, and not with every question.
    const before = this.#said.get(key) ?? '';
    if (reason !== '' && before === '') this.#logger.warn(`Health: ${message}: ${reason}`);
    if (reason === '' && before !== '') this.#logger.log(`Health: ${key} is up again`);
    this.#said.set(key, reason);
    const health = reason === '' ? { status: 'up' } : { status: 'down', message };
    return { [key]: health } as ChunkedUploadHealth<K>;
  }
}

/** Why something failed, or that it took too long; null: it did not. */
async function failureOf(work: Promise<null>): Promise<string | null> {
  const patience = new AbortController();
  const late = sleep(PATIENCE_MS, 'No answer within 3 seconds', { signal: patience.signal });
  try {
    return await Promise.race([work, late]);
  } catch (error) {
    return error instanceof Error ? error.message : String(error);
  } finally {
    late.catch(() => undefined);
    patience.abort();
  }
}
