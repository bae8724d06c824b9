import type { StorageProvider } from '../storage/storage.provider.js';

/** What can be asked of one upload type, to know whether it works. */
export interface HealthProbe {
  /** The same for types of one database. */
  readonly database: object;
  readonly ping: (limitMs: number) => Promise<void>;
  readonly storage: StorageProvider;
}

// By application, since one process may run several.
const probesOf = new WeakMap<object, HealthProbe[]>();

export function registerProbe(application: object, probe: HealthProbe): void {
  probesOf.set(application, [...(probesOf.get(application) ?? []), probe]);
}

export function probesIn(application: object): readonly HealthProbe[] {
  return probesOf.get(application) ?? [];
}
