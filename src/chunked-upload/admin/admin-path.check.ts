import { Inject, Injectable, type OnModuleInit } from '@nestjs/common';
import { ModulesContainer } from '@nestjs/core';
import { fail } from '../option-checks.js';
import { ADMIN_PATH } from './admin.tokens.js';
import { administeredBy } from './administered-types.js';

const pathsOf = new WeakMap<object, Set<string>>();

/** Stops the start where another route would answer in place of an admin. */
@Injectable()
export class AdminPathCheck implements OnModuleInit {
  constructor(
    @Inject(ADMIN_PATH) private readonly path: string,
    @Inject(ModulesContainer) private readonly application: ModulesContainer,
  ) {}

  onModuleInit(): void {
    const path = normalized(this.path);
    const taken = pathsOf.get(this.application) ?? new Set();
    pathsOf.set(this.application, taken);
    if (taken.has(path)) fail('admin', `has the path "${this.path}", which another admin has`);
    taken.add(path);
    for (const { name } of administeredBy(this.application)()) {
      const type = normalized(name);
      if (path === type || path.startsWith(`${type}/`)) {
        fail('admin', `has the path "${this.path}", which lies below the upload type "${name}"`);
      }
    }
  }
}

function normalized(path: string): string {
  return path.replace(/^\/+|\/+$/g, '').toLowerCase();
}
