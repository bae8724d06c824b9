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
  '{aborted-downloads,admin,admin-access,answers-arrive,begin-and-continue,bodies,bodies-of-nothing,' +
  'callers,complete,completion,controller-steps,controllers-of-hosts,curl,delete,download,' +
  'errors-of-*,fields,filenames,forms,hostile-requests.property,journal,log-lines,owners-over-http,' +
  'policies,read-and-list,rest-of-a-body,small-pieces,storage-failures,' +
  'who-sees-what,whole-file}.spec.ts';

// What holds for a request however it comes: over HTTP/2, too, a request may break off, be refused and
// be hostile. `HTTP2=all` runs all that clients meet.
const HTTP2_SPECS =
  process.env['HTTP2'] === 'all'
    ? PROTOCOL_SPECS
    : '{access-matrix,answers-arrive,bodies,errors-of-*,hostile-requests.property,rest-of-a-body,small-pieces,whole-file}.spec.ts';

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
  {
    name: 'http2',
    alone: false,
    include: `test/e2e/${HTTP2_SPECS}`,
    env: { HOST_PLATFORM: 'http2' },
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
