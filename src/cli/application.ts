import { existsSync } from 'node:fs';
import { resolve } from 'node:path';
import { pathToFileURL } from 'node:url';
import type { INestApplicationContext, Type } from '@nestjs/common';
import { MODULE_METADATA } from '@nestjs/common/constants.js';
import { ModulesContainer, NestFactory } from '@nestjs/core';
import type { AbstractChunkedUpload } from '../chunked-upload/chunked-upload.entity.js';
import type { ChunkedUploadService } from '../chunked-upload/chunked-upload.service.js';
import { getChunkedUploadToken } from '../chunked-upload/chunked-upload.tokens.js';
import { disableCleanupTimers } from '../chunked-upload/expiry/cleanup-timer.js';
import { plainPath } from '../chunked-upload/upload-type/plain-path.js';
import { uploadTypesOf } from '../chunked-upload/upload-type/upload-type.registry.js';
import { type CommandLine, UsageError } from './command-line.js';
import { failAtOnce } from './data-sources.js';

/** An upload type of the host's application, and what works on it. */
export interface UploadTypeHandle {
  /** Its entity, and its path: `Video (uploads/videos)`. */
  readonly name: string;
  readonly service: ChunkedUploadService<AbstractChunkedUpload>;
}

export interface OpenApplication {
  readonly types: readonly UploadTypeHandle[];
  close(): Promise<void>;
}

/** Starts the host's application without HTTP and finds the upload types that are wanted. */
export async function openApplication(
  line: Pick<CommandLine, 'app' | 'export' | 'types'>,
): Promise<OpenApplication> {
  const module = await loadModule(line.app, line.export);
  disableCleanupTimers();
  const app = await failAtOnce(() =>
    NestFactory.createApplicationContext(module as Type, {
      abortOnError: false,
      logger: ['fatal', 'error'],
    }),
  );
  try {
    return { types: wantedTypes(app, line.types), close: () => app.close() };
  } catch (error) {
    await app.close();
    throw error;
  }
}

function wantedTypes(app: INestApplicationContext, wanted: readonly string[]): UploadTypeHandle[] {
  const all = uploadTypesOf(app.get(ModulesContainer)).map(({ path, entity }) => ({
    path,
    entity: entity.name,
    name: `${entity.name} (${path})`,
    service: app.get<UploadTypeHandle['service']>(getChunkedUploadToken(entity), { strict: false }),
  }));
  if (all.length === 0) {
    throw new UsageError(
      'The application has no upload type, or uses another copy of the package.',
    );
  }
  if (wanted.length === 0) return all;
  const chosen = wanted.map((name) => {
    const path = plainPath(name).toLowerCase();
    const found = all.find((type) => type.entity === name || type.path === path);
    if (found) return found;
    const names = all.map((type) => type.name).join(', ');
    throw new UsageError(`There is no upload type "${name}". There are: ${names}.`);
  });
  return [...new Set(chosen)];
}

/** The class, or the dynamic module, that the file exports. */
async function loadModule(file: string, name: string | undefined): Promise<unknown> {
  const path = resolve(file);
  if (!existsSync(path)) throw new UsageError(`--app: there is no file ${path}.`);
  if (/\.[cm]?ts$/.test(path)) {
    throw new UsageError('--app takes the compiled file, such as dist/app.module.js.');
  }
  const exports = exportsOf((await import(pathToFileURL(path).href)) as Record<string, unknown>);
  const modules = Object.keys(exports).filter((key) => isModule(exports[key]));
  if (name !== undefined) {
    if (modules.includes(name)) return exports[name];
    throw new UsageError(`--export: ${path} exports no module "${name}". ${listed(modules)}`);
  }
  const distinct = new Set(modules.map((key) => exports[key]));
  if (modules.includes('AppModule')) return exports['AppModule'];
  if (distinct.size === 1) return [...distinct][0];
  if (distinct.size === 0) {
    throw new UsageError(
      `--app: ${path} exports no Nest module: name the file of its class, such as dist/app.module.js.`,
    );
  }
  throw new UsageError(
    `--app: ${path} exports several modules; say which by --export. ${listed(modules)}`,
  );
}

function listed(modules: readonly string[]): string {
  return modules.length === 0 ? 'It exports none.' : `There are: ${modules.join(', ')}.`;
}

/** Of ESM its names; of CommonJS also those that only running it shows. */
function exportsOf(namespace: Record<string, unknown>): Record<string, unknown> {
  const { default: whole } = namespace;
  const isCommonJs = typeof whole === 'object' && whole !== null && !isModule(whole);
  return isCommonJs ? { ...namespace, ...whole } : namespace;
}

function isModule(value: unknown): boolean {
  if (typeof value === 'function') {
    const keys: string[] = Object.values(MODULE_METADATA);
    return keys.some((key) => Reflect.hasOwnMetadata(key, value));
  }
  return typeof (value as { module?: unknown } | null)?.module === 'function';
}
