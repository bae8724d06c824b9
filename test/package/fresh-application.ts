import { type ExecFileException, execFile, spawn } from 'node:child_process';
import { randomUUID } from 'node:crypto';
import { once } from 'node:events';
import { mkdir, mkdtemp, readFile, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { createDatabase } from '../support/database.js';
import { npmInstall, fillOnce, packagesFolder, packedServer } from './packed.js';
import { type Recipe, manifestOf } from './recipes.js';

/** What the applications are made of. */
const SOURCES = fileURLToPath(new URL('application/', import.meta.url));
const run = promisify(execFile);

/** For a program that would never end. */
export const LONGEST_MS = 5 * 60_000;

export interface Ended {
  /** Null: it had to be killed. */
  readonly code: number | null;
  /** What it printed, on stdout and stderr. */
  readonly output: string;
}

/** A source of ours, as those write it who leave the extension out. */
export async function source(name: string, extension: 'js' | 'none' = 'js'): Promise<string> {
  const text = await readFile(join(SOURCES, name), 'utf8');
  return extension === 'js' ? text : withoutExtensions(text);
}

export function withoutExtensions(text: string): string {
  return text.replaceAll(/(from '\.[^']*)\.js'/g, "$1'");
}

export async function sources(
  names: readonly string[],
  extension: 'js' | 'none' = 'js',
): Promise<Record<string, string>> {
  const texts = names.map(async (name) => [name, await source(name, extension)]);
  return Object.fromEntries(await Promise.all(texts)) as Record<string, string>;
}

/** An application in a folder of its own, where our package has been installed. */
export class FreshApplication {
  private constructor(
    /** Its packages are in here, and shared with all applications of the recipe. */
    readonly root: string,
    readonly folder: string,
    private readonly recipe: Recipe,
  ) {}

  /** Packages are installed once for all files of the project. */
  static async install(recipe: Recipe): Promise<FreshApplication> {
    const root = join(packagesFolder(), recipe.name.replaceAll(/\W+/g, '-'));
    await fillOnce(root, async () => {
      const manifest = await manifestOf(recipe, await packedServer());
      await writeFile(join(root, 'package.json'), JSON.stringify(manifest));
      await npmInstall(root);
    });
    const folder = await mkdtemp(join(root, 'app-'));
    return new FreshApplication(root, folder, recipe);
  }

  /** The path of a program that one of its packages has. */
  bin(name: string): string {
    return join(this.root, 'node_modules', '.bin', name);
  }

  async write(files: Readonly<Record<string, string | object>>): Promise<void> {
    for (const [name, content] of Object.entries(files)) {
      const path = join(this.folder, name);
      await mkdir(dirname(path), { recursive: true });
      await writeFile(path, typeof content === 'string' ? content : JSON.stringify(content));
    }
  }

  /** Takes these files and compiles all of them. */
  async compile(texts: Readonly<Record<string, string>>, options: object = {}): Promise<void> {
    const compilerOptions = {
      target: 'es2023',
      lib: ['es2023'],
      types: ['node'],
      strict: true,
      experimentalDecorators: true,
      emitDecoratorMetadata: true,
      useDefineForClassFields: false,
      // The published types must stand on their own, without any optional peer.
      skipLibCheck: false,
      ...this.recipe.compilerOptions,
      ...options,
    };
    const files = Object.keys(texts);
    await this.write({ ...texts, 'tsconfig.json': { compilerOptions, files } });
    // Its errors are on stdout.
    await run(this.bin('tsc'), [], { cwd: this.folder }).catch((error: { stdout: string }) => {
      throw new Error(error.stdout);
    });
  }

  /** Runs a script in this folder. Returns what it printed. */
  async evaluate(script: string, node = process.execPath): Promise<string> {
    return (await run(node, ['-e', script], { cwd: this.folder })).stdout.trim();
  }

  /** Runs our command as it was installed. Returns what it printed. */
  async command(args: readonly string[], databaseUrl: string): Promise<string> {
    const env = { ...process.env, DATABASE_URL: databaseUrl, MEDIA: join(this.folder, 'media') };
    const command = this.bin('nestjs-chunked-upload');
    return (await run(command, args, { cwd: this.folder, env })).stdout;
  }

  /** Runs a program, with a database and a folder for files of its own, until it ends. */
  async run(program: string, args: readonly string[], env: NodeJS.ProcessEnv = {}): Promise<Ended> {
    const database = await createDatabase();
    const media = join(this.folder, `media-${randomUUID()}`);
    try {
      return await new Promise<Ended>((resolve) => {
        const plain = { NO_COLOR: '1', FORCE_COLOR: '0' };
        const own = { DATABASE_URL: database.url, MEDIA: media };
        const surroundings = { ...process.env, ...plain, ...own, ...env };
        const options = { cwd: this.folder, env: surroundings, timeout: LONGEST_MS };
        execFile(program, args, options, (error: ExecFileException | null, stdout, stderr) => {
          const code = error ? error.code : 0;
          resolve({ code: typeof code === 'number' ? code : null, output: stdout + stderr });
        });
      });
    } finally {
      await database.drop();
    }
  }

  /** Starts a file that prints its URL, for the time of `work`, which can read what else it prints. */
  async withServer(
    file: string,
    databaseUrl: string,
    work: (url: string, printed: () => string) => Promise<void>,
  ): Promise<void> {
    const server = spawn(process.execPath, [file], {
      cwd: this.folder,
      env: {
        ...process.env,
        DATABASE_URL: databaseUrl,
        MEDIA: join(this.folder, 'media'),
        PORT: '0',
      },
      stdio: ['ignore', 'pipe', 'inherit'],
    });
    const exit = once(server, 'exit');
    let output = '';
    try {
      const url = new Promise<string>((resolve) => {
        server.stdout.on('data', (bytes: Buffer) => {
          output += bytes.toString();
          const [line] = /^http:.*$/m.exec(output) ?? [];
          if (line !== undefined) resolve(line);
        });
      });
      const ended = exit.then(() => Promise.reject(new Error(`${file} has ended:\n${output}`)));
      await work(await Promise.race([url, ended]), () => output);
    } finally {
      server.kill();
      await exit;
    }
  }
}
