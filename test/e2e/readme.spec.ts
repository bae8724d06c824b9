import { execFile, spawnSync } from 'node:child_process';
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { createServer } from 'vite';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type Cluster, startCluster } from '../support/cluster.js';
import { runCommand } from '../support/command.js';
import { type TestDatabase, createDatabase } from '../support/database.js';
import { freePort } from '../support/free-port.js';
import { Nginx, hasNginx, nginxTitle } from '../support/nginx.js';
import { ROOT, type Readme, blockWith, readme, readmes } from '../support/readmes.js';
import { UploadClient, md5, sample } from '../support/upload-client.js';

const run = promisify(execFile);

/** Its commands are for an application of its own, which runs in the tests of the package. */
const ELSEWHERE = ['src/chunked-upload/owners/README.md'];
/** Its commands are for the embedded Postgres of a demo that runs, as they run in `demo.spec.ts`. */
const OF_THE_DEMO = 'src/demo/README.md';
const CLIENT = join(ROOT, 'dist/client/cli.js');
const hasPython = spawnSync('python3', ['--version']).status === 0;
const ANSWER_OF_NO_USE = /"detail"|"statusCode"/;

let demo: Cluster;
let database: TestDatabase;
let folder: string;
let pages: Readme[];

beforeAll(async () => {
  [demo, database] = [await startCluster(1), await createDatabase()];
  folder = await mkdtemp(join(tmpdir(), 'readme-'));
  await writeFile(join(folder, 'report.pdf'), `%PDF-1.7\n${'report '.repeat(1000)}`);
  await writeFile(join(folder, 'film.mov'), sample(100_000));
  pages = await readmes();
});

afterAll(async () => {
  await demo.stop();
  await database.drop();
  await rm(folder, { recursive: true });
});

function url(): string {
  return `http://localhost:${demo.at(0).port}`;
}

/** Runs a block as a reader would, but against this demo's port. */
async function shell(text: string): Promise<string> {
  const script = text.replaceAll('http://localhost:3000', url());
  const { stdout } = await run('bash', ['-euc', script], { cwd: folder });
  return stdout;
}

/** What must differ between two runs made the same. */
function normalized(json: string): unknown {
  return JSON.parse(
    json
      .replaceAll(url(), 'http://localhost:3000')
      .replaceAll(/[0-9a-f]{8}-[0-9a-f-]{27}/g, '<id>')
      .replaceAll(/\d{4}-\d\d-\d\dT[\d:.]+Z/g, '<time>'),
  );
}

/** Blocks of the shell; `curl`: those that talk to a server. */
function shellBlocks(curl: boolean): { readonly path: string; readonly text: string }[] {
  return pages.flatMap(({ path, blocks }) =>
    blocks
      .filter(({ language, text }) => language === 'sh' && text.includes('curl ') === curl)
      .map(({ text }) => ({ path, text })),
  );
}

it('The script of the README uploads a file as it was pasted, and shows the JSON of the protocol', async () => {
  const { blocks } = await readme('README.md');
  const script = blocks.find(({ text }) => text.includes('curl'))?.text ?? '';
  const output = await shell(script);
  const [offset = '', answer = ''] = output.trim().split(/\r?\n/);
  expect(offset.toLowerCase()).toBe('upload-offset: 6000000');

  const protocol = await readme('src/chunked-upload/protocols/content-range/README.md');
  const shown = protocol.blocks.find(({ text }) => text.includes('"completed_at"'))?.text ?? '';
  expect(normalized(answer)).toEqual(normalized(shown));

  const { file } = JSON.parse(answer) as { file: string };
  const stored = await fetch(file);
  const sent = await readFile(join(folder, 'big.txt'));
  expect(Buffer.from(await stored.arrayBuffer()).equals(sent)).toBe(true);
});

describe('Commands in the READMEs', () => {
  it('that talk to a server are answered by the demo', async () => {
    const blocks = shellBlocks(true).filter(({ path }) => !ELSEWHERE.includes(path));
    expect(blocks.length).toBeGreaterThan(2);
    for (const { path, text } of blocks) {
      const output = await shell(text);
      expect(output, path).not.toBe('');
      expect(output, path).not.toMatch(ANSWER_OF_NO_USE);
    }
  });

  it('install packages that ours knows, run scripts that are there, and are known to the command', async () => {
    const manifest = JSON.parse(await readFile(join(ROOT, 'package.json'), 'utf8')) as {
      scripts: object;
      peerDependencies: object;
    };
    const ours = ['nestjs-chunked-upload', 'nestjs-chunked-upload-client'];
    const packages = [...ours, ...Object.keys(manifest.peerDependencies)];
    const env = { DATABASE_URL: database.url, DATA_DIR: folder, NO_COLOR: '1' };
    const lines = shellBlocks(false).flatMap(({ path, text }) =>
      text
        .split('\n')
        .filter((line) => line.trim() !== '')
        .map((line) => ({ path, line: line.replace(/\s+#.*$/, '').replace(/^[A-Z_]+=\S+ /, '') })),
    );
    for (const { path, line } of lines) {
      if (path === OF_THE_DEMO) continue;
      const [, install] = /^npm install (.+)$/.exec(line) ?? [];
      const [, script] = /^npm (?:run )?(start|test|[\w:]+)( -- .+)?$/.exec(line) ?? [];
      const [, command] = /^npx nestjs-chunked-upload (.+)$/.exec(line) ?? [];
      const [, sending] = /^npx nestjs-chunked-upload-client (.+)$/.exec(line) ?? [];
      if (install !== undefined) {
        const names = install.split(/ +/).map((each) => each.replace(/(?<=.)@.*/, ''));
        expect(packages, path).toEqual(expect.arrayContaining(names));
      } else if (command !== undefined) {
        const app = 'test/support/cli-host/app.module.mjs';
        const args = command.replace('dist/app.module.js', app).split(' ');
        expect(await runCommand(args, env), line).toMatchObject({ code: 0 });
      } else if (sending !== undefined) {
        const endpoint = `${url()}/uploads/files`;
        const args = sending
          .replace('film.mp4', 'film.mov')
          .replace('alice:secret', 'alice:alice-pw');
        const there = args.replace('https://example.com/uploads', endpoint).split(' ');
        const sent = await run(process.execPath, [CLIENT, ...there], { cwd: folder });
        expect(sent.stdout, line).toContain(endpoint);
      } else if (script !== undefined) {
        expect(Object.keys(manifest.scripts), `${path}: ${line}`).toContain(script);
      } else {
        expect(line, path).toBe('git clone <this repository> && cd nestjs-chunked-upload');
      }
    }
  });
});

it.skipIf(!hasNginx)(
  nginxTitle('The settings of nginx in the READMEs pass uploads on'),
  async () => {
    const blocks = pages.flatMap(({ blocks: all }) =>
      all.filter(({ language }) => language === 'nginx'),
    );
    expect(blocks).not.toEqual([]);
    for (const { text } of blocks) {
      const [, directives = ''] = /^location [^{]*\{([^}]*)\}\s*$/.exec(text) ?? [];
      const upstream = url().replace('localhost', '127.0.0.1');
      const way = directives.replace('http://127.0.0.1:3000', upstream);
      const nginx = await Nginx.start(upstream, { documented: way });
      try {
        const client = new UploadClient(`${nginx.url('documented')}/uploads/files`);
        // Of more than nginx takes by default.
        const bytes = sample(3_000_000);
        const { id } = await client.begin(bytes, bytes.length);
        expect((await client.complete(id, md5(bytes))).status).toBe(200);
      } finally {
        await nginx.stop();
      }
    }
  },
);

it("Vite's settings in the README pass uploads on, whose URLs lead through Vite", async () => {
  const platform = await readme('src/chunked-upload/platform/README.md');
  const config = blockWith(platform, 'js', 'vite.config.js');
  await writeFile(join(folder, 'vite.config.js'), config.replace('http://localhost:3000', url()));
  const port = await freePort();
  const vite = await createServer({ root: folder, logLevel: 'silent', server: { port } });
  await vite.listen();
  try {
    const page = `http://localhost:${port}/`;
    const client = new UploadClient(`${page}uploads/files`, null);
    const bytes = sample(300_000);
    const stored = await client.file(bytes);
    expect([stored.url, stored.file]).toEqual([
      `${client.url}/${stored.id}`,
      `${client.url}/${stored.id}/file`,
    ]);
    const download = await client.download(stored.id);
    expect(Buffer.from(download.bytes).equals(bytes)).toBe(true);
  } finally {
    await vite.close();
  }
});

it.skipIf(!hasPython)(
  `Python in the READMEs compiles${hasPython ? '' : ' (skipped: apt-get install python3)'}`,
  async () => {
    const blocks = pages.flatMap(({ blocks: all }) =>
      all.filter(({ language }) => language === 'python'),
    );
    expect(blocks).not.toEqual([]);
    const compile = 'import sys; compile(sys.argv[1], "README.md", "exec")';
    for (const { text } of blocks) await run('python3', ['-c', compile, text]);
  },
);
