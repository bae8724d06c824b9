import { type TestContext, beforeAll, describe, expect, it } from 'vitest';
import { FreshApplication, LONGEST_MS, sources } from './fresh-application.js';
import { NODE_VERSIONS, findNode } from './node-versions.js';
import { NEST_12 } from './recipes.js';

const SOURCES = [
  'entities.ts',
  'create-tables.migration.ts',
  'app.module.ts',
  'use-service.ts',
  'use-http.ts',
  'ends.main.ts',
  'ends.test.ts',
];

let app: FreshApplication;

beforeAll(async () => {
  app = await FreshApplication.install(NEST_12);
  await app.compile(await sources(SOURCES), { skipLibCheck: true });
});

/** Skips the test where this machine lacks that version of Node. */
async function nodeOrSkip(version: string, context: TestContext): Promise<string> {
  const node = await findNode(app, version);
  return node ?? context.skip(`npm has no Node ${version} that runs on this machine`);
}

describe.each(NODE_VERSIONS)('On Node %s, once its application is closed,', (version) => {
  it.for([
    ['with a server on Express', 'express'],
    ['with a server on Fastify', 'fastify'],
    ['without a server', 'context'],
  ])('a host %s ends by itself', async ([, kind = ''], context) => {
    const { code, output } = await app.run(await nodeOrSkip(version, context), [
      'ends.main.js',
      kind,
    ]);
    expect(code, output).toBe(0);
    // Nor does it live on for a while: those of Node that end the connections may still be there.
    expect(output).toMatch(/^closed; still there: /m);
    expect(output).not.toMatch(/still there: .*(Timeout|MessagePort)/);
  });

  // As ES modules, which are all that Nest 12 has, and which Jest reads where Node's own loader may be
  // used. It runs a single file in its own process, and says so where that does not end.
  it('Jest ends by itself, and finds nothing to complain of', async (context) => {
    const node = await nodeOrSkip(version, context);
    const config = { testMatch: ['**/ends.test.js'], testTimeout: LONGEST_MS, transform: {} };
    const jest = [app.bin('jest'), '--config', JSON.stringify(config)];
    const env = { NODE_OPTIONS: '--experimental-vm-modules' };
    const { code, output } = await app.run(node, jest, env);
    expect(code, output).toBe(0);
    expect(output).toContain('3 passed, 3 total');
    expect(output).not.toContain('did not exit');
  });
});
