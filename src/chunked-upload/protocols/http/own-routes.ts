import type { Type } from '@nestjs/common';

type Handler = (...parameters: unknown[]) => unknown;

/** Nest's mark of a method that is a route. */
const PATH = 'path';

/**
 * Gives `controller` the routes of its bases, up to `root`, as methods of its own. What is noted on
 * them, such as an OpenAPI description, is then this class' alone. And it keeps what Nest loses
 * where a host overrides a method: the decorators that the override does not repeat, `@Put()` among
 * them; and the order, in which a HEAD stands before its GET, and a host's own route before `:id`. Returns
 * these methods.
 */
export function ownRoutes(controller: Type, root: Type): Handler[] {
  const versions = new Map<string, Handler[]>();
  for (const prototype of prototypesOf(controller, root)) {
    for (const [name, { value }] of Object.entries(Object.getOwnPropertyDescriptors(prototype))) {
      if (name === 'constructor' || typeof value !== 'function') continue;
      versions.set(name, [value as Handler, ...(versions.get(name) ?? [])]);
    }
  }
  const routes = [...versions].filter(([, methods]) =>
    methods.some((method) => Reflect.hasOwnMetadata(PATH, method)),
  );
  const order = Object.getOwnPropertyNames(root.prototype);
  routes.sort(([left], [right]) => order.indexOf(left) - order.indexOf(right));
  return routes.map(([name, methods]) => {
    const value = calling(name, methods.at(-1) as Handler);
    for (const method of methods) copyMetadata(method, value);
    Object.defineProperty(controller.prototype, name, { value, configurable: true });
    return value;
  });
}

/** From the class itself up to `root`. */
function prototypesOf(controller: Type, root: Type): object[] {
  const prototypes: object[] = [];
  let prototype = controller.prototype as object;
  while (prototype !== root.prototype) {
    prototypes.push(prototype);
    prototype = Object.getPrototypeOf(prototype) as object;
  }
  return [...prototypes, prototype];
}

function calling(name: string, inherited: Handler): Handler {
  function call(this: unknown, ...parameters: unknown[]): unknown {
    return inherited.apply(this, parameters);
  }
  return Object.defineProperty(call, 'name', { value: name });
}

function copyMetadata(from: Handler, to: Handler): void {
  for (const key of Reflect.getOwnMetadataKeys(from) as string[]) {
    Reflect.defineMetadata(key, Reflect.getOwnMetadata(key, from), to);
  }
}
