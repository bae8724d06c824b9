import { beforeAll, describe, expect, it } from 'vitest';
import {
  type Ended,
  FreshApplication,
  LONGEST_MS,
  sources,
  withoutExtensions,
} from './fresh-application.js';
import { NEST_11, NEST_12 } from './recipes.js';
import { fileIn, readme } from '../support/readmes.js';

// The tests of hosts load the package: as those are set up by `nest new`, with nothing added.

const TESTS = ['unit.test.ts', 'ends.test.ts'];
const SOURCES = [
  'entities.ts',
  'create-tables.migration.ts',
  'app.module.ts',
  'use-service.ts',
  'use-http.ts',
];

/** As `nest new` 11 writes it. */
const TSCONFIG_11 = {
  compilerOptions: {
    module: 'nodenext',
    moduleResolution: 'nodenext',
    resolvePackageJsonExports: true,
    esModuleInterop: true,
    isolatedModules: true,
    declaration: true,
    removeComments: true,
    emitDecoratorMetadata: true,
    experimentalDecorators: true,
    allowSyntheticDefaultImports: true,
    target: 'ES2023',
    sourceMap: true,
    outDir: './dist',
    baseUrl: './',
    incremental: true,
    skipLibCheck: true,
    strictNullChecks: true,
    forceConsistentCasingInFileNames: true,
    noImplicitAny: false,
    strictBindCallApply: false,
    noFallthroughCasesInSwitch: false,
  },
};

/** As `nest new` 11 writes it into package.json. */
const JEST_11 = {
  moduleFileExtensions: ['js', 'json', 'ts'],
  rootDir: 'src',
  testRegex: '.*\\.test\\.ts$',
  transform: { '^.+\\.(t|j)s$': 'ts-jest' },
  collectCoverageFrom: ['**/*.(t|j)s'],
  coverageDirectory: '../coverage',
  testEnvironment: 'node',
};

const TSCONFIG_12 = {
  compilerOptions: {
    module: 'nodenext',
    target: 'es2023',
    strict: true,
    experimentalDecorators: true,
    emitDecoratorMetadata: true,
  },
};

/** The tests that the documentation shows, as they stand there. */
async function documentedTests(): Promise<[ofUploads: string, ofPeople: string]> {
  const { blocks } = await readme('src/chunked-upload/testing/README.md');
  const [ofUploads = '', ofPeople = ''] = blocks
    .map(({ text }) => text)
    .filter((text) => text.includes('createTestingModule'));
  return [ofUploads, ofPeople];
}

/** The application of the owners' page with the test that goes with it; what that imports is left to its reader. */
async function people(extension: 'js' | 'none'): Promise<Record<string, string>> {
  const page = await readme('src/chunked-upload/owners/README.md');
  const [, text] = await documentedTests();
  const imports = [
    "import { ChunkedUploadModule, ChunkedUploadService, getChunkedUploadToken } from 'nestjs-chunked-upload';",
    "import { NameGuard } from './app.module.js';",
    "import { Avatar, CreatePeople1700000000000, PeopleModule } from './people.js';",
  ];
  const texts = {
    'src/people/people.ts': fileIn(page, 'people.ts'),
    'src/people/app.module.ts': fileIn(page, 'app.module.ts'),
    'src/people/people.test.ts': [...imports, text].join('\n'),
  };
  if (extension === 'js') return texts;
  return Object.fromEntries(
    Object.entries(texts).map(([name, each]) => [name, withoutExtensions(each)]),
  );
}

/** All use one database: a file after the other. */
const VITEST = `export default { test: {
  globals: true, fileParallelism: false, include: ['src/**/*.test.ts'], testTimeout: ${LONGEST_MS},
} };`;

const EXCEPT_PEOPLE = ['--exclude', '**/people/**'];

function below(folder: string, texts: Record<string, string>): Record<string, string> {
  return Object.fromEntries(Object.entries(texts).map(([name, text]) => [folder + name, text]));
}

function expectPassed({ code, output }: Ended, tests = 6): void {
  expect(code, output).toBe(0);
  expect(output).toMatch(new RegExp(`Tests:? +${tests} passed(, ${tests} total| \\(${tests}\\))`));
  // Jest's word for a thread, a socket or a timer that is still there.
  expect(output).not.toContain('did not exit');
}

describe('The tests of a host of Nest 11, in CommonJS,', () => {
  let app: FreshApplication;

  beforeAll(async () => {
    app = await FreshApplication.install(NEST_11);
    const texts = await sources([...SOURCES, ...TESTS], 'none');
    await app.write({
      ...below('src/', texts),
      'src/documented.test.ts': (await documentedTests())[0],
      ...(await people('none')),
      'package.json': { name: 'host', jest: JEST_11 },
      'tsconfig.json': TSCONFIG_11,
      'vitest.config.mjs': VITEST,
    });
  });

  it('run in Jest', async () => {
    const args = ['--ci', '--runInBand', `--testTimeout=${LONGEST_MS}`];
    const others = ['--testPathIgnorePatterns', '/people/'];
    expectPassed(await app.run(app.bin('jest'), [...args, ...others]));
    // With a database of its own.
    expectPassed(await app.run(app.bin('jest'), [...args, 'people']), 1);
  });

  it('run in vitest', async () => {
    expectPassed(await app.run(app.bin('vitest'), ['run', ...EXCEPT_PEOPLE]));
    expectPassed(await app.run(app.bin('vitest'), ['run', 'people']), 1);
  });
});

// In Jest they run too: process-ends.spec.ts.
describe('The tests of a host of Nest 12, in ES modules,', () => {
  let app: FreshApplication;

  beforeAll(async () => {
    app = await FreshApplication.install(NEST_12);
  });

  it('run in vitest', async () => {
    await app.write({
      ...below('src/', await sources([...SOURCES, ...TESTS])),
      'src/documented.test.ts': (await documentedTests())[0],
      ...(await people('js')),
      'tsconfig.json': TSCONFIG_12,
      'vitest.config.js': VITEST,
    });
    expectPassed(await app.run(app.bin('vitest'), ['run', ...EXCEPT_PEOPLE]));
    expectPassed(await app.run(app.bin('vitest'), ['run', 'people']), 1);
  });
});
