import { fileURLToPath } from 'node:url';
import { defineConfig } from 'vitest/config';

const MINUTE = 60_000;

const dist = fileURLToPath(new URL('../dist/', import.meta.url));

/** Tests import the package by its name and get what users get: the build. */
const alias = [
  { find: /^nestjs-chunked-upload$/, replacement: `${dist}index.js` },
  {
    find: /^nestjs-chunked-upload\/s3$/,
    replacement: `${dist}chunked-upload/storage/s3/index.js`,
  },
  { find: /^nestjs-chunked-upload\/client$/, replacement: `${dist}client/index.js` },
  {
    find: /^nestjs-chunked-upload\/testing$/,
    replacement: `${dist}chunked-upload/testing/index.js`,
  },
];

// What a client meets, which must not depend on the framework below Nest.
const PROTOCOL_SPECS =
  '{aborted-downloads,admin,admin-access,begin-and-continue,bodies,complete,completion,controller-steps,curl,delete,download,errors-of-*,' +
  'fields,filenames,forms,journal,log-lines,hostile-requests.property,owners-over-http,policies,read-and-list,small-pieces,storage-failures,' +
  'who-sees-what,whole-file}.spec.ts';

interface Project {
  readonly name: string;
  readonly alone: boolean;
  readonly include?: string;
  readonly env?: Record<string, string>;
}

/** In the order in which they run, the quickest to tell what is broken first. */
const projects: Project[] = [
  { name: 'unit', alone: false },
  { name: 'contract', alone: false },
  { name: 'e2e', alone: false },
  {
    name: 'fastify',
    alone: false,
    include: `test/e2e/${PROTOCOL_SPECS}`,
    env: { HOST_PLATFORM: 'fastify' },
  },
  // These kill servers, fill disks, install packages: one file at a time, beside nothing else.
  { name: 'faults', alone: true },
  { name: 'package', alone: true },
  { name: 'browser', alone: true },
];

export default defineConfig({
  root: fileURLToPath(new URL('..', import.meta.url)),
  test: {
    globalSetup: 'test/support/global-setup.ts',
    reporters: ['default', 'test/support/contract-report.ts'],
    projects: projects.map(({ name, alone, include, env }, groupOrder) => ({
      resolve: { alias },
      test: {
        name,
        server: { deps: { external: [/\/dist\//] } },
        include: [include ?? `test/${name}/**/*.spec.ts`],
        ...(env ? { env } : {}),
        maxWorkers: alone ? 1 : 2,
        sequence: { groupOrder },
        testTimeout: alone ? 5 * MINUTE : MINUTE / 2,
        hookTimeout: MINUTE,
      },
    })),
  },
});
