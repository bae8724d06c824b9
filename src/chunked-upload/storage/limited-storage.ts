import { Readable } from 'node:stream';
import { ChunkedUploadError } from '../chunked-upload.errors.js';
import { progressOf } from './call-progress.js';
import type {
  OpenOptions,
  StorageProvider,
  StorageWriter,
  StoredFile,
} from './storage.provider.js';

type Method = (...parameters: unknown[]) => unknown;
/** By `performance.now()`, until when a call has got on; null: it tells of no progress. */
type LastMoved = (() => number) | null;

/** Bytes a millisecond that any disk can copy. */
const SLOWEST_COPY = 10_000;

/** The cause of what is thrown for a call that took too long: it may still be carried out. */
class StorageTimeout extends Error {}

/** Whether a call of the storage was given up: what it writes may still arrive. */
export function isStorageTimeout(error: unknown): boolean {
  return error instanceof ChunkedUploadError && error.cause instanceof StorageTimeout;
}

/**
 * `storage`, whose calls, and those of its writers, are given up after `limitMs`: one that hangs
 * (a network disk, a store behind a firewall that forgets connections) must not hold its upload for
 * ever. To open what is contested may take as long as its bytes take to be copied, and a writer that
 * tells of its progress may take as long as it gets on: until the `signal` of its options says that it
 * is to stop. From then on its calls have the limit alone.
 */
export function limitedStorage(storage: StorageProvider, limitMs: number): StorageProvider {
  const limited = limitedCalls(storage, limitMs);
  const open: StorageProvider['open'] = async (file: StoredFile, options: OpenOptions) => {
    const { contested, offset } = options;
    const stopped = timeOf(options.signal);
    const givenUp = new AbortController();
    const { signal } = givenUp;
    const copiedAt = performance.now() + (contested ? offset / SLOWEST_COPY : 0);
    const copying = (): number => Math.min(performance.now(), copiedAt, stopped());
    const opening = storage.open(plainFile(file) as StoredFile, { ...options, signal });
    try {
      return limitedCalls(await answered(opening, limitMs, 'open', copying), limitMs, stopped);
    } catch (error) {
      if (isStorageTimeout(error)) givenUp.abort(error);
      throw error;
    }
  };
  return new Proxy(limited, {
    get: (target, name) => (name === 'open' ? open : (Reflect.get(target, name) as unknown)),
  });
}

/** When it was aborted, by `performance.now()`; infinity while it has not been. */
function timeOf(signal: AbortSignal | undefined): () => number {
  let at = signal?.aborted ? performance.now() : Number.POSITIVE_INFINITY;
  const abort = (): void => {
    at = performance.now();
  };
  signal?.addEventListener('abort', abort, { once: true });
  return () => at;
}

/** `stopped`: when what it tells of its progress no longer counts. */
function limitedCalls<O extends object>(
  target: O,
  limitMs: number,
  stopped = () => Number.POSITIVE_INFINITY,
): O {
  const methods = new Map<string | symbol, Method>();
  const progress = progressOf(target);
  const lastMoved = progress && ((): number => Math.min(progress(), stopped()));
  const limited = (name: string | symbol): Method => {
    return (first, ...others) => {
      const parameters = [plainFile(first), ...others];
      const result = (Reflect.get(target, name, target) as Method).apply(target, parameters);
      if (result instanceof Promise) return answered(result, limitMs, String(name), lastMoved);
      return isAsyncIterable(result) ? limitedSteps(result, limitMs, String(name)) : result;
    };
  };
  return new Proxy(target, {
    get(_, name) {
      // As itself and not as its proxy: private fields are its own.
      const value: unknown = Reflect.get(target, name, target);
      if (typeof value !== 'function') return value;
      const method = methods.get(name) ?? limited(name);
      methods.set(name, method);
      return method;
    },
  });
}

/**
 * A file as an object of its own, with all that a storage may copy: of an upload these properties are
 * not enumerable. Anything else as it is.
 */
function plainFile(parameter: unknown): unknown {
  if (typeof parameter !== 'object' || parameter === null || !('finalKey' in parameter)) {
    return parameter;
  }
  const { id, key, finalKey, storageState } = parameter as StoredFile & { readonly id?: string };
  return { ...(id === undefined ? {} : { id }), key, finalKey, storageState };
}

/** A listing, or a stream, each step of which has the limit. */
export async function* limitedSteps<S>(
  steps: AsyncIterable<S>,
  limitMs: number,
  name: string,
): AsyncGenerator<S> {
  const iterator: AsyncIterator<S, unknown> = steps[Symbol.asyncIterator]();
  let isWaiting = true;
  try {
    for (;;) {
      const step = await within(iterator.next(), limitMs, name);
      isWaiting = false;
      if (step.done) return;
      yield step.value;
      isWaiting = true;
    }
  } finally {
    if (!isWaiting) await iterator.return?.();
    else if (steps instanceof Readable) steps.destroy();
    // One that hangs in a step would hang in its end as well, until it goes on.
    else void iterator.return?.().catch(ignore);
  }
}

function isAsyncIterable(value: unknown): value is AsyncIterable<unknown> {
  return typeof value === 'object' && value !== null && Symbol.asyncIterator in value;
}

/** What a call answers in time; what comes later is closed, since nobody gets it any more. */
async function answered<R>(
  call: Promise<R>,
  limitMs: number,
  name: string,
  lastMoved: LastMoved = null,
): Promise<R> {
  return within(call, limitMs, name, lastMoved).catch((error: unknown) => {
    if (isStorageTimeout(error)) void call.then(close).catch(ignore);
    throw error;
  });
}

/** A stream, or a writer. */
async function close(late: unknown): Promise<void> {
  if (late instanceof Readable) late.on('error', ignore).destroy();
  else await (late as Partial<StorageWriter> | null | undefined)?.close?.();
}

async function within<R>(
  call: PromiseLike<R>,
  limitMs: number,
  name: string,
  lastMoved: LastMoved = null,
): Promise<R> {
  let timer: NodeJS.Timeout | undefined;
  const begun = performance.now();
  const timeout = new Promise<never>((_, reject) => {
    const wait = (ms: number): void => {
      timer = setTimeout(() => {
        const silent = performance.now() - Math.max(begun, lastMoved?.() ?? begun);
        // A timer may fire a moment early.
        if (lastMoved && silent < limitMs - 1) return wait(limitMs - silent);
        const cause = new StorageTimeout(`${name} took longer than ${limitMs} ms`);
        reject(ChunkedUploadError.unavailable('The storage does not answer', cause));
      }, ms);
    };
    wait(limitMs);
  });
  try {
    return await Promise.race([call, timeout]);
  } finally {
    clearTimeout(timer);
  }
}

function ignore(): void {}
