import { fileURLToPath } from 'node:url';
import { defineConfig } from 'vitest/config';
import { LATE } from './support/in-time.js';

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
  '{aborted-downloads,admin,admin-access,admin-work,answers-arrive,begin-and-continue,bodies,bodies-of-nothing,' +
  'callers,complete,completion,controller-steps,controllers-of-hosts,curl,delete,download,' +
  'errors-of-*,fields,filenames,filepond,forms,hostile-requests.property,journal,log-lines,method-override,' +
  'owners-over-http,policies,read-and-list,resumable-http,rest-of-a-body,small-pieces,storage-failures,tus,unread-bodies,' +
  'who-sees-what,whole-file}.spec.ts';

// What holds for a request however it comes: over HTTP/2, too, a request may break off, be refused and
// be hostile. `HTTP2=all` runs all that clients meet.
const HTTP2_SPECS = [
  '{access-matrix,answers-arrive,bodies,download,errors-of-*,hostile-requests.property,filepond,method-override,resumable-http,rest-of-a-body,small-pieces,tus,unread-bodies,whole-file}.spec.ts',
  ...(process.env['HTTP2'] === 'all' ? [PROTOCOL_SPECS] : []),
];

const LONG = process.env['LONG'] === '1';

// Whole, these keep many processes busy for half an hour each, and their calls have time limits.
const TABLES = ',fault-table,s3-fault-table,s3-processes';

// Faults of which time or memory is measured: one file at a time, beside nothing else.
const MEASURED = `{checkpoints,constant-completion,crowd,memory,shutdown,silent-writer,slow-clients,standstill${LONG ? TABLES : ''}}.spec.ts`;

/** For `npm run test:long` alone. */
const LONG_ONLY = LONG ? [] : ['test/faults/s3-fault-table.spec.ts'];

/** What runs together, and how many workers. */
const GROUPS = {
  // The quickest to tell what is broken come first.
  requests: { order: 0, workers: 2 },
  // These kill servers, fill disks, install packages: three for two cores, since much of it waits.
  processes: { order: 1, workers: 3 },
  measured: { order: 2, workers: 1 },
};

interface Project {
  readonly name: string;
  readonly group: keyof typeof GROUPS;
  readonly include?: string | readonly string[];
  readonly exclude?: readonly string[];
  readonly env?: Record<string, string>;
  /**
   * Default: true. Loading Nest and TypeORM takes longer than many a file's tests, so files share it
   * where none of them looks at what the process itself holds.
   */
  readonly isolate?: boolean;
}

const projects: Project[] = [
  { name: 'unit', group: 'requests' },
  { name: 'contract', group: 'requests', isolate: false },
  { name: 'e2e', group: 'requests', isolate: false, exclude: [`test/e2e/${PROTOCOL_SPECS}`] },
  {
    name: 'express',
    group: 'requests',
    isolate: false,
    include: `test/e2e/${PROTOCOL_SPECS}`,
  },
  {
    name: 'fastify',
    group: 'requests',
    isolate: false,
    include: `test/e2e/${PROTOCOL_SPECS}`,
    env: { HOST_PLATFORM: 'fastify' },
  },
  {
    name: 'http2',
    group: 'requests',
    isolate: false,
    include: HTTP2_SPECS.map((specs) => `test/e2e/${specs}`),
    env: { HOST_PLATFORM: 'http2' },
  },
  { name: 'faults', group: 'processes', exclude: [`test/faults/${MEASURED}`, ...LONG_ONLY] },
  { name: 'package', group: 'processes' },
  { name: 'browser', group: 'processes', isolate: false },
  { name: 'measured', group: 'measured', include: `test/faults/${MEASURED}` },
];

export default defineConfig({
  root: fileURLToPath(new URL('..', import.meta.url)),
  test: {
    globalSetup: 'test/support/global-setup.ts',
    reporters: ['default', 'test/support/contract-report.ts'],
    projects: projects.map(({ name, group, include, exclude, env, isolate = true }) => ({
      resolve: { alias },
      test: {
        name,
        server: { deps: { external: [/\/dist\//] } },
        include: [include ?? `test/${name}/**/*.spec.ts`].flat(),
        ...(exclude ? { exclude: [...exclude] } : {}),
        ...(env ? { env } : {}),
        isolate,
        ...(isolate ? {} : { setupFiles: 'test/support/forget-entities.ts' }),
        maxWorkers: GROUPS[group].workers,
        sequence: { groupOrder: GROUPS[group].order },
        // Of what hangs, and only that: on a busy machine anything may take many times as long.
        testTimeout: 10 * MINUTE,
        // Packages are installed in hooks, three recipes one after the other.
        hookTimeout: 30 * MINUTE,
        retry: { count: 2, condition: LATE },
        // As long as `until` waits.
        expect: { poll: { timeout: MINUTE } },
      },
    })),
  },
});
