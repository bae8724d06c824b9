import { readFile } from 'node:fs/promises';
import { dirname, join, normalize, relative } from 'node:path';
import { fileURLToPath } from 'node:url';
import { beforeAll, describe, expect, it } from 'vitest';
import { importCircles, importGraph } from '../support/import-circles.js';
import { storedFiles } from '../support/stored-files.js';

// DESIGN's arrows point one way: protocols → service → repository, storage, policies, checksum.

const ROOT = fileURLToPath(new URL('../../src/chunked-upload/', import.meta.url));

interface Import {
  readonly from: string;
  /** A path below src/chunked-upload, or a package. */
  readonly to: string;
  readonly typeOnly: boolean;
}

const texts = new Map<string, string>();
const imports: Import[] = [];

beforeAll(async () => {
  for (const file of await storedFiles(ROOT)) {
    if (!file.endsWith('.ts')) continue;
    const text = await readFile(join(ROOT, file), 'utf8');
    texts.set(file, text);
    const pattern = /^(?:import|export) (type )?([^;]*?) ?from '([^']+)'/gms;
    for (const [, type, names = '', specifier = ''] of text.matchAll(pattern)) {
      const to = specifier.startsWith('.')
        ? normalize(join(dirname(file), specifier)).replace(/\.js$/, '.ts')
        : specifier;
      const each = /^\{(.*)\}$/s
        .exec(names.trim())?.[1]
        ?.split(',')
        .filter((name) => name.trim());
      const typeOnly =
        type !== undefined || (each?.every((name) => /^\s*type /.test(name)) ?? false);
      imports.push({ from: file, to, typeOnly });
    }
  }
});

/** Imports of values, or with `types` also of types, by files of `from` of what `to` matches. */
function found(from: RegExp, to: RegExp, types = false): string[] {
  return imports
    .filter((each) => from.test(each.from) && to.test(each.to) && (types || !each.typeOnly))
    .map((each) => `${each.from} → ${each.to}`);
}

describe('The imports of src/chunked-upload', () => {
  it('are all there: the test has read them', () => {
    expect(imports.length).toBeGreaterThan(100);
    expect(found(/^protocols\//, /^chunked-upload\.errors/)).not.toEqual([]);
    expect(found(/^database\//, /^typeorm$/, true)).not.toEqual([]);
  });

  it('lead to files that are there, or to packages', () => {
    const broken = imports.filter(({ to }) => to.endsWith('.ts') && !texts.has(to));
    expect(broken.map(({ from, to }) => `${from} → ${relative(ROOT, to)}`)).toEqual([]);
  });

  it('protocols know neither the database, nor a storage, and of each other http alone', () => {
    expect(found(/^protocols\//, /^(database|storage|checksum|policies|migrations)\//)).toEqual([]);
    expect(found(/^protocols\//, /^(typeorm|pg)$/, true)).toEqual([]);
    const others = imports.filter(({ from, to }) => {
      // The list of them, directly in the folder, knows all.
      const [, own] = /^protocols\/([^/]+)\//.exec(from) ?? [];
      const [, other] = /^protocols\/([^/]+)/.exec(to) ?? [];
      return own !== undefined && other !== undefined && own !== other && other !== 'http';
    });
    expect(others).toEqual([]);
  });

  it('the service and its engine know no protocol, request or header', () => {
    const core = /^(engine\/|chunked-upload\.service|chunked-upload\.inputs)/;
    expect(found(core, /^protocols\//, true)).toEqual([]);
    expect(found(core, /^(node:https?|express|fastify|busboy)/, true)).toEqual([]);
    expect(found(core, /^@nestjs\//)).toEqual([]);
    for (const [file, text] of texts) {
      if (core.test(file)) expect(text, file).not.toMatch(/\bheaders\b(?!:)|IncomingMessage/);
    }
  });

  it.each(['storage', 'checksum', 'mime-type'])(
    '%s knows neither Nest, nor TypeORM, nor HTTP',
    (folder) => {
      const own = new RegExp(`^${folder}/`);
      expect(found(own, /^(@nestjs\/|typeorm|pg$|node:https?|express|busboy)/, true)).toEqual([]);
      expect(found(own, /^(protocols|engine|database|policies|migrations)\//, true)).toEqual([]);
      expect(found(own, /^chunked-upload\.(service|module|options|context|entity)/, true)).toEqual(
        [],
      );
    },
  );

  it('policies know only sizes, callers and errors', () => {
    expect(found(/^policies\//, /^(protocols|engine|database|storage)\//, true)).toEqual([]);
    expect(found(/^policies\//, /^(@nestjs\/|typeorm)/, true)).toEqual([]);
  });

  it('the platform knows no part of us, and nobody imports a framework below Nest', () => {
    expect(
      imports.filter(({ from, to }) => from.startsWith('platform/') && to.endsWith('.ts')),
    ).toEqual([{ from: 'platform/unread-bodies.ts', to: 'platform/fastify.ts', typeOnly: false }]);
    expect(found(/./, /^(express|fastify|@fastify\/.*|@nestjs\/platform-.*)$/, true)).toEqual([]);
  });

  it('the memory knows no part of us, but for what hashing takes of it', () => {
    const others = imports.filter(({ from, to }) => {
      return from.startsWith('memory/') && to.endsWith('.ts') && !to.startsWith('memory/');
    });
    expect(others.map(({ to }) => to)).toEqual(['checksum/slab-pool.ts']);
    expect(found(/^memory\//, /^(@nestjs\/|typeorm|node:https?)/, true)).toEqual([]);
    // One for the process: nobody makes another.
    for (const [file, text] of texts) {
      if (!file.startsWith('memory/')) expect(text, file).not.toMatch(/new MemoryBudget\(/);
    }
  });

  it('the clean-up that Nest starts knows the engine, and nothing below it', () => {
    expect(found(/^expiry\//, /^engine\//, true)).not.toEqual([]);
    expect(found(/^expiry\//, /^(database|storage|protocols|policies)\//, true)).toEqual([]);
    expect(found(/^expiry\//, /^typeorm$/, true)).toEqual([]);
  });

  it('events and measurements know what they tell of, and nobody who tells', () => {
    const own = /^(events|measurements)\//;
    expect(found(own, /^(protocols|engine|database|policies|checksum|owners)\//, true)).toEqual([]);
    expect(found(own, /^(storage|typeorm|node:https?)/)).toEqual([]);
    expect(found(own, /^@nestjs\/(?!common$)/)).toEqual([]);
    expect(found(/^/, /^(@nestjs\/event-emitter|eventemitter2)$/, true)).toEqual([]);
  });

  it('the database knows no storage, no protocol and no use case', () => {
    expect(found(/^database\//, /^(protocols|engine|policies|checksum)\//)).toEqual([]);
    expect(found(/^database\//, /^storage\//)).toEqual([]);
  });

  it('the admin goes by the service, and its page runs without any of it', () => {
    expect(found(/^admin\//, /^(engine|storage|policies|checksum|migrations)\//, true)).toEqual([]);
    expect(found(/^admin\//, /^(typeorm|pg)$/, true)).toEqual([]);
    expect(found(/^admin\//, /^protocols\/(?!http\/)/, true)).toEqual([]);
    expect(found(/^admin\/page\//, /^(?!admin\/page\/)/)).toEqual([]);
    expect(found(/^(engine|database|protocols|storage|policies)\//, /^admin\//, true)).toEqual([]);
  });

  it('SQL stands only in the database folder and the migrations', () => {
    const sql =
      /\b(SELECT|INSERT INTO|UPDATE|DELETE FROM)\b[^\n]*\b(FROM|SET|WHERE|VALUES)\b|[\w)]\.query\(/;
    const files = [...texts].filter(([, text]) => sql.test(text)).map(([file]) => file);
    expect(files.filter((file) => !/^(database|migrations)\//.test(file))).toEqual([]);
    expect(files).not.toEqual([]);
  });

  it('only the module knows the start-up checks', () => {
    expect(found(/^(?!start-up\/|upload-type\/upload-type\.module)/, /^start-up\//, true)).toEqual(
      [],
    );
    expect(found(/^start-up\//, /^protocols\//, true)).toEqual([]);
  });

  it('only modules, and what looks after all types, know how a type is put together', () => {
    const others = /^(?!upload-type\/|chunked-upload\.module|admin\/|start-up\/)/;
    expect(found(others, /^upload-type\//, true)).toEqual([]);
  });

  it('the end of connections knows no part of us', () => {
    expect(found(/^shutdown\//, /\.ts$/, true)).toEqual([]);
  });

  it('nobody but tests and hosts imports the testing folder', () => {
    expect(found(/^(?!testing\/)/, /^testing\//, true)).toEqual([]);
  });

  it('no file but an asset asks where it lies: in a bundle there is nothing beside it', () => {
    const own = [...texts].filter(([file]) => !/^admin\/page\/|\.asset\.ts$/.test(file));
    const asking = own.filter(([, text]) => /import\.meta|__dirname|createRequire/.test(text));
    expect(asking.map(([file]) => file)).toEqual([]);
  });

  it('a package that need not be there is imported within "try", which bundlers look for', () => {
    const dynamic = [...texts].flatMap(
      ([, text]) => text.match(/.*\n.*(?<!typeof )import\('.*/g) ?? [],
    );
    expect(dynamic.length).toBeGreaterThan(1);
    for (const lines of dynamic) expect(lines).toMatch(/try \{\n +return await import\(/);
  });

  it('no file is a god file', () => {
    const long = [...texts].filter(([, text]) => text.split('\n').length > 300);
    expect(long.map(([file]) => file)).toEqual([]);
  });
});

describe('The files of src', () => {
  it('import each other in no circle, be it of types alone', async () => {
    const graph = await importGraph(fileURLToPath(new URL('../../src/', import.meta.url)));
    // An import of a type alone: the test sees them.
    expect(graph.get('cli/reconcile-uploads.ts')).toContain('cli/application.ts');
    expect(importCircles(graph)).toEqual([]);
  });

  it.each([
    { title: 'two files', graph: { a: ['b'], b: ['a'] }, circles: ['a → b → a'] },
    { title: 'itself', graph: { a: ['a'] }, circles: ['a → a'] },
    {
      title: 'a circle off the way',
      graph: { a: ['b', 'd'], b: ['c'], c: ['d', 'b'], d: [] },
      circles: ['b → c → b'],
    },
    { title: 'two ways to one file', graph: { a: ['b', 'c'], b: ['d'], c: ['d'] }, circles: [] },
  ])('would be told: $title', ({ graph, circles }) => {
    expect(importCircles(new Map(Object.entries(graph)))).toEqual(circles);
  });
});
