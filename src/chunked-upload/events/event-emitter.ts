import type { ModulesContainer } from '@nestjs/core';

/** What we use of an `EventEmitter2`. */
export interface EventEmitter {
  /** Calls the listeners; what it returns, if anything, settles when they have. */
  emitAsync(name: string, event: object): unknown;
}

/**
 * The one of the host's `EventEmitterModule.forRoot()`, wherever that stands; null without it. Found by
 * its class's name, since the package is not ours to import: a host need not have it, or may have
 * another copy than we would load.
 */
export function eventEmitterOf(application: ModulesContainer): () => EventEmitter | null {
  let search: { readonly found: { readonly instance: unknown } | null } | null = null;
  return () => {
    search ??= { found: findProvider(application, 'EventEmitter2') };
    const instance = search.found?.instance;
    return isEventEmitter(instance) ? instance : null;
  };
}

function findProvider(application: ModulesContainer, name: string): { instance: unknown } | null {
  for (const { providers } of application.values()) {
    for (const [token, provider] of providers) {
      if (typeof token === 'function' && token.name === name) return provider;
    }
  }
  return null;
}

function isEventEmitter(instance: unknown): instance is EventEmitter {
  return typeof (instance as Partial<EventEmitter> | null | undefined)?.emitAsync === 'function';
}
