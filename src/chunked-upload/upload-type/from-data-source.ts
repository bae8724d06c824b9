import { setTimeout as sleep } from 'node:timers/promises';
import type { FactoryProvider, InjectionToken } from '@nestjs/common';
import { ModulesContainer } from '@nestjs/core';
import { getDataSourceToken } from '@nestjs/typeorm';
import type { DataSource } from 'typeorm';
import { failOption } from '../chunked-upload.errors.js';

/** What failed tells of it well within this time, in milliseconds. */
const PATIENCE_MS = 1000;

/**
 * A factory that gets a data source, and fails with a sentence about our option where there is none:
 * Nest's own would be about a provider that the host has never heard of.
 *
 * @param nameOf its name, asked where it is missing; undefined: the default one
 */
export function fromDataSource<R>(
  token: InjectionToken,
  nameOf: () => string | undefined,
  make: (source: DataSource) => R,
): Pick<FactoryProvider<R | Promise<R>>, 'inject' | 'useFactory'> {
  return {
    inject: [{ token, optional: true }, ModulesContainer],
    useFactory: async (source: DataSource | null | undefined, application: ModulesContainer) => {
      if (source) return make(source);
      const name = nameOf();
      const modules = [...application.values()];
      const isThere = modules.some(({ providers }) => providers.has(getDataSourceToken(name)));
      // It has failed, and the start is to say that, and not this.
      if (isThere) await sleep(PATIENCE_MS);
      return failOption('dataSource', sentence(name));
    },
  };
}

function sentence(name: string | undefined): string {
  if (name === undefined) {
    return 'names none, and there is no default data source, as TypeOrmModule.forRoot makes it';
  }
  const right = `TypeOrmModule.forRoot({ name: "${name}", … })`;
  return `names "${name}", and there is no data source of that name, as ${right} makes it`;
}
