import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { ROOT } from './packed.js';
import { NODE_PACKAGES } from './node-versions.js';

/** What an application has anyway; our package must bring all the rest itself. */
export interface Recipe {
  readonly name: string;
  readonly type: 'module' | 'commonjs';
  /** Packages in the versions that we develop with. */
  readonly packages: readonly string[];
  /** Packages in versions of their own. */
  readonly versions?: Readonly<Record<string, string>>;
  /** The same of packages that need not be there. */
  readonly optional?: Readonly<Record<string, string>>;
  readonly compilerOptions: object;
}

const COMMON = [
  '@nestjs/common',
  '@nestjs/core',
  '@nestjs/typeorm',
  '@types/express',
  '@types/node',
  'pg',
  'reflect-metadata',
  'rxjs',
  'typeorm',
  'typescript',
];
const TOOLS = { jest: '^30.0.0', esbuild: '^0.28.0' };

export const NEST_12: Recipe = {
  name: 'Nest 12 (ESM), Express, typeorm 1',
  type: 'module',
  packages: [
    ...COMMON,
    '@nestjs/platform-express',
    '@nestjs/platform-fastify',
    '@nestjs/testing',
    'vite',
    'vitest',
  ],
  versions: TOOLS,
  optional: NODE_PACKAGES,
  compilerOptions: { module: 'nodenext' },
};

export const NEST_12_FASTIFY: Recipe = {
  name: 'Nest 12 (ESM), Fastify, typeorm 1',
  type: 'module',
  packages: [...COMMON, '@nestjs/platform-fastify'],
  compilerOptions: { module: 'nodenext' },
};

export const NEST_11: Recipe = {
  name: 'Nest 11 (CommonJS), Express, typeorm 0.3',
  type: 'commonjs',
  packages: [...COMMON, 'vite', 'vitest'],
  versions: {
    ...TOOLS,
    '@nestjs/common': '^11.0.0',
    '@nestjs/core': '^11.0.0',
    '@nestjs/platform-express': '^11.0.0',
    '@nestjs/platform-fastify': '^11.0.0',
    '@nestjs/testing': '^11.0.0',
    '@nestjs/typeorm': '^11.0.0',
    '@types/jest': '^30.0.0',
    'ts-jest': '^29.2.5',
    typeorm: '^0.3.20',
    // What such applications have; it resolves packages by `main` and `typesVersions`.
    typescript: '~5.9.0',
    'typescript-5.7': 'npm:typescript@~5.7.0',
    webpack: '^5.0.0',
    'webpack-cli': '^6.0.0',
  },
  compilerOptions: { module: 'commonjs', esModuleInterop: true },
};

interface Manifest {
  readonly version: string;
  readonly dependencies: Record<string, string>;
  readonly devDependencies: Record<string, string>;
  readonly exports: Record<string, unknown>;
  readonly peerDependenciesMeta: Record<string, { readonly optional: boolean }>;
}

/** Our package.json, or the one of this folder. */
export async function readManifest(folder = '.'): Promise<Manifest> {
  return JSON.parse(await readFile(join(ROOT, folder, 'package.json'), 'utf8')) as Manifest;
}

/** The package.json of an application that has our package from this file. */
export async function manifestOf(recipe: Recipe, tarball: string): Promise<object> {
  const { devDependencies } = await readManifest();
  const known = recipe.packages.map((name) => [name, devDependencies[name] ?? '*']);
  return {
    name: 'fresh-app',
    type: recipe.type,
    dependencies: {
      ...Object.fromEntries(known),
      ...recipe.versions,
      'nestjs-chunked-upload': `file:${tarball}`,
    },
    optionalDependencies: recipe.optional ?? {},
    // Of these the newest want Node 22.
    overrides: { 'file-type': '21.3.4', 'light-my-request': { cookie: '1.0.2' } },
  };
}
