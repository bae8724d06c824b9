import type { ModulesContainer } from '@nestjs/core';

/** What we use of an `EventEmitter2`. */
export interface EventEmitter {
  /** Calls the listeners; what it returns, if anything, settles when they have. */
  emitAsync(name: string, event: object): unknown;
}

/**
 * The one of the host's `EventEmitterModule.forRoot()`, wherever that stands; null without it. Found
 * by its looks, since the package is not ours to import: a host need not have it, or may have another
 * copy than we would load.
 */
export function eventEmitterOf(application: ModulesContainer): () => EventEmitter | null {
  let search: { readonly found: { readonly instance: unknown } | null } | null = null;
  return () => {
    search ??= { found: findProvider(application) };
    const instance = search.found?.instance;
    return isEventEmitter(instance) ? instance : null;
  };
}

function findProvider(application: ModulesContainer): { readonly instance: unknown } | null {
  for (const { metatype, providers } of application.values()) {
    if (metatype.name !== 'EventEmitterModule') continue;
    for (const [token, provider] of providers) {
      if (typeof token === 'function' && isEventEmitter(token.prototype)) return provider;
    }
  }
  return null;
}

function isEventEmitter(value: unknown): value is EventEmitter {
  return typeof (value as Partial<EventEmitter> | null | undefined)?.emitAsync === 'function';
}
