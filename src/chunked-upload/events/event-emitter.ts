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
  const modules = [...application.values()];
  const named = modules.filter(({ metatype }) => metatype.name === 'EventEmitterModule');
  // In a bundle it may have any other name.
  for (const { providers } of [...named, ...modules]) {
    for (const [token, provider] of providers) {
      if (typeof token === 'function' && isEventEmitter2(token)) return provider;
    }
  }
  return null;
}

/** Not a class of the host that extends it, or has a method of that name. */
function isEventEmitter2({ prototype }: { readonly prototype?: object }): boolean {
  return ['emitAsync', 'onAny', 'waitFor'].every((method) =>
    Object.hasOwn(prototype ?? {}, method),
  );
}

function isEventEmitter(value: unknown): value is EventEmitter {
  return typeof (value as Partial<EventEmitter> | null | undefined)?.emitAsync === 'function';
}
