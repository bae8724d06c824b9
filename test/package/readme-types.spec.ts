import { execFile } from 'node:child_process';
import { mkdir, mkdtemp, readFile, rm, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { promisify } from 'node:util';
import * as library from 'nestjs-chunked-upload';
import { afterEach, beforeEach, expect, it } from 'vitest';
import { ROOT, readmes } from '../support/readmes.js';

const run = promisify(execFile);
const NAMES = join(ROOT, 'test/support/readme-names.ts');

const TSCONFIG = {
  compilerOptions: {
    module: 'nodenext',
    target: 'es2023',
    lib: ['es2023', 'dom', 'dom.iterable'],
    types: ['node'],
    strict: true,
    noImplicitOverride: true,
    experimentalDecorators: true,
    emitDecoratorMetadata: true,
    esModuleInterop: true,
    skipLibCheck: true,
    noEmit: true,
    paths: {
      'nestjs-chunked-upload': [join(ROOT, 'dist/index.d.ts')],
      'nestjs-chunked-upload/s3': [join(ROOT, 'dist/chunked-upload/storage/s3/index.d.ts')],
      'nestjs-chunked-upload/testing': [join(ROOT, 'dist/chunked-upload/testing/index.d.ts')],
      'nestjs-chunked-upload/client': [join(ROOT, 'dist/client/index.d.ts')],
      'nestjs-chunked-upload-client': [join(ROOT, 'dist/client/index.d.ts')],
      'nestjs-chunked-upload-client/element': [join(ROOT, 'dist/client/element/index.d.ts')],
      'nestjs-chunked-upload-client/node': [join(ROOT, 'dist/client/node/index.d.ts')],
    },
  },
  include: ['**/*.ts'],
};

let folder: string;

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'readme-types-'));
  await symlink(join(ROOT, 'node_modules'), join(folder, 'node_modules'));
});

afterEach(async () => {
  await rm(folder, { recursive: true });
});

/** The names that a snippet may use without an import. */
async function knownNames(): Promise<string[]> {
  const text = await readFile(NAMES, 'utf8');
  const own = [...text.matchAll(/^export declare (?:class|const|function) (\w+)/gm)];
  const others = ['Entity', 'NestFactory', 'Request', 'UploadContext'];
  return [...own.map(([, name = '']) => name), ...others, ...Object.keys(library)];
}

/** What a snippet uses of them, and neither imports nor declares. */
function takenForGranted(text: string, known: readonly string[]): string[] {
  const code = text.replaceAll(/\/\/.*$/gm, '').replaceAll(/'[^'\n]*'/g, "''");
  const imported = [...code.matchAll(/^import (?:type )?\{([^}]*)\}/gm)].flatMap(([, names = '']) =>
    names.split(',').map((name) => name.replace(/\btype\b/, '').trim()),
  );
  return known.filter((name) => {
    const declares = new RegExp(`\\b(?:class|const|function) (?:\\{[^}]*)?\\b${name}\\b(?!:)`);
    const uses = new RegExp(`(?<![.\\w])${name}\\b(?!\\??:)`);
    return uses.test(code) && !imported.includes(name) && !declares.test(code);
  });
}

it('TypeScript in the READMEs compiles', async () => {
  const known = await knownNames();
  const files: Record<string, string> = {
    'package.json': JSON.stringify({ type: 'module' }),
    'tsconfig.json': JSON.stringify(TSCONFIG),
    'names.ts': await readFile(NAMES, 'utf8'),
  };
  for (const { path, blocks } of await readmes()) {
    for (const [n, { language, text }] of blocks.entries()) {
      if (language !== 'ts') continue;
      // Those that name a file import each other; the others stand alone.
      const name = nameOf(text) ?? `block-${n + 1}.ts`;
      const names = takenForGranted(text, known);
      const prelude = names.length > 0 ? `import { ${names.join(', ')} } from '@names';` : '';
      const here = join(dirname(path), name);
      const up = '../'.repeat(here.split('/').length - 1) || './';
      // On one line, so that TypeScript's numbers of lines are those of the block and one more.
      files[here] = `${prelude.replace('@names', `${up}names.js`)}\n${text}\nexport {};\n`;
    }
  }
  expect(Object.keys(files).length).toBeGreaterThan(30);
  expect(await complaints(files)).toBe('');
});

/** As `npm create vite` makes it for React. */
const REACT = {
  module: 'esnext',
  moduleResolution: 'bundler',
  jsx: 'react-jsx',
  verbatimModuleSyntax: true,
  skipLibCheck: false,
};

it('Components of React in the READMEs compile, with what lies beside them', async () => {
  const compilerOptions = { ...TSCONFIG.compilerOptions, ...REACT, emitDecoratorMetadata: false };
  const files: Record<string, string> = {
    'tsconfig.json': JSON.stringify({ compilerOptions, include: ['**/*'] }),
    'application.d.ts': 'declare function freshToken(): Promise<string>;',
  };
  for (const { path, blocks } of await readmes()) {
    const isOfReact = blocks.some(({ language }) => language === 'tsx');
    for (const { text } of isOfReact ? blocks : []) {
      const name = nameOf(text);
      if (name !== undefined) files[join(dirname(path), name)] = text;
    }
  }
  expect(Object.keys(files).filter((name) => name.endsWith('.tsx'))).toHaveLength(2);
  expect(await complaints(files)).toBe('');

  // And the types say something.
  const [album = ''] = Object.keys(files).filter((name) => name.endsWith('Album.tsx'));
  const wrong = files[album]?.replace('detail.file', 'detail.files').replace('{headers}', '{5}');
  expect(await complaints({ [album]: wrong ?? '' })).toMatch(
    /'number' is not assignable[^]*'files' does not exist/,
  );
});

function nameOf(text: string): string | undefined {
  return /^\/\/ ([\w.-]+\.tsx?)\n/.exec(text)?.[1];
}

/** What TypeScript says of these files, and those that are there. */
async function complaints(files: Readonly<Record<string, string>>): Promise<string> {
  for (const [name, text] of Object.entries(files)) {
    await mkdir(dirname(join(folder, name)), { recursive: true });
    await writeFile(join(folder, name), text);
  }
  const tsc = join(ROOT, 'node_modules/typescript/bin/tsc');
  return run(process.execPath, [tsc, '--project', folder]).then(
    () => '',
    (error: { readonly stdout: string }) => error.stdout,
  );
}
