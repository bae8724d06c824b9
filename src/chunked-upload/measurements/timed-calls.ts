import { parseUploadId } from '../upload-id.js';
import type { OpenOptions, StorageProvider, StoredFile } from '../storage/storage.provider.js';
import type { UploadMeasurements } from './upload-measurements.js';

type Method = (...parameters: unknown[]) => unknown;

/** `repository`, whose calls are timed while somebody hears it. */
export function timedRepository<O extends object>(repository: O, measure: UploadMeasurements): O {
  return timedCalls(repository, measure, 'database', ([first]) => idIn(first));
}

/** `storage`, whose calls, and those of its writers, are timed while somebody hears it. */
export function timedStorage(
  storage: StorageProvider,
  measure: UploadMeasurements,
): StorageProvider {
  const timed = timedCalls(storage, measure, 'storage', ([file]) => idIn(file));
  const openTimed = async (file: StoredFile, options: OpenOptions) =>
    timedCalls(await timed.open(file, options), measure, 'storage', () => idIn(file));
  const open: StorageProvider['open'] = (file, options) =>
    measure.hears('storage') ? openTimed(file, options) : storage.open(file, options);
  return new Proxy(timed, {
    get: (target, name) => (name === 'open' ? open : (Reflect.get(target, name) as unknown)),
  });
}

/** Passes everything on to `target`, and reports of what answers with a promise how long that took. */
function timedCalls<O extends object>(
  target: O,
  measure: UploadMeasurements,
  what: 'storage' | 'database',
  idOf: (parameters: readonly unknown[]) => string | null,
): O {
  const methods = new Map<string, Method>();
  const timed = (operation: string): Method => {
    const call: Method = (...parameters) =>
      (Reflect.get(target, operation, target) as Method).apply(target, parameters);
    return (...parameters) => {
      if (!measure.hears(what)) return call(...parameters);
      const start = performance.now();
      const result = call(...parameters);
      if (!(result instanceof Promise)) return result;
      const report = (failed: boolean): void => {
        const ms = performance.now() - start;
        measure.timed(what, { id: idOf(parameters), operation, ms, failed });
      };
      result.then(
        () => report(false),
        () => report(true),
      );
      return result;
    };
  };
  return new Proxy(target, {
    get(_, name) {
      // As itself and not as its proxy: private fields are its own.
      const value: unknown = Reflect.get(target, name, target);
      if (typeof value !== 'function' || typeof name === 'symbol') return value;
      const method = methods.get(name) ?? timed(name);
      methods.set(name, method);
      return method;
    },
  });
}

/** The upload that a parameter names, or is, or keeps the bytes of. */
function idIn(parameter: unknown): string | null {
  const { id } = Object(parameter) as { id?: unknown };
  const named = typeof parameter === 'string' ? parameter : id;
  return typeof named === 'string' ? parseUploadId(named) : null;
}
