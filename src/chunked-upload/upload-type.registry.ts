import type { Type } from '@nestjs/common';
import { fail } from './option-checks.js';

interface Registered {
  readonly path: string;
  readonly entity: Type;
}

// By application, since one process may run several, in tests above all.
const registeredTypes = new WeakMap<object, Registered[]>();

/** Stops the start of an application in which two upload types share a path or a table. */
export function registerUploadType(application: object, path: string, entity: Type): void {
  const types = registeredTypes.get(application) ?? [];
  registeredTypes.set(application, types);
  const normalized = path.replace(/^\/+|\/+$/g, '').toLowerCase();
  for (const other of types) {
    if (other.path === normalized) fail('path', `"${path}" is given to two upload types`);
    if (other.entity === entity) fail('entity', `${entity.name} is given to two upload types`);
  }
  types.push({ path: normalized, entity });
}
