import { fileURLToPath } from 'node:url';
import { defineConfig } from 'vitest/config';

const MINUTE = 60_000;

/** In the order in which they run, the quickest to tell what is broken first. */
const projects = [
  { name: 'unit', alone: false },
  { name: 'contract', alone: false },
  { name: 'e2e', alone: false },
  // These kill servers, fill disks, install packages: one file at a time, beside nothing else.
  { name: 'faults', alone: true },
  { name: 'package', alone: true },
  { name: 'browser', alone: true },
];

export default defineConfig({
  root: fileURLToPath(new URL('..', import.meta.url)),
  test: {
    globalSetup: 'test/support/global-setup.ts',
    projects: projects.map(({ name, alone }, groupOrder) => ({
      test: {
        name,
        include: [`test/${name}/**/*.spec.ts`],
        maxWorkers: alone ? 1 : 2,
        sequence: { groupOrder },
        testTimeout: alone ? 5 * MINUTE : MINUTE / 2,
        hookTimeout: MINUTE,
      },
    })),
  },
});
