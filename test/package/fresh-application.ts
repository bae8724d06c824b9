import { execFile, spawn } from 'node:child_process';
import { once } from 'node:events';
import { cp, mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { homedir, tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';

export const ROOT = fileURLToPath(new URL('../../', import.meta.url));

/** What the applications are made of. */
export const APPLICATION_SOURCES = fileURLToPath(new URL('application/', import.meta.url));
const run = promisify(execFile);

interface Manifest {
  readonly devDependencies: Record<string, string>;
  readonly exports: Record<string, unknown>;
  readonly overrides: Record<string, unknown>;
  readonly peerDependenciesMeta: Record<string, { readonly optional: boolean }>;
}

/** Our package.json. */
export async function readManifest(): Promise<Manifest> {
  return JSON.parse(await readFile(join(ROOT, 'package.json'), 'utf8')) as Manifest;
}

/** What an application has anyway; our package must bring all the rest itself. */
export interface Recipe {
  readonly type: 'module' | 'commonjs';
  /** Packages in the versions that we develop with. */
  readonly packages: readonly string[];
  /** Packages in versions of their own. */
  readonly versions?: Readonly<Record<string, string>>;
  /** The same of packages that need not be there. */
  readonly optional?: Readonly<Record<string, string>>;
  readonly compilerOptions: object;
}

/** The package as npm would publish it. Returns the path of the file. */
export async function packInto(folder: string): Promise<string> {
  // It has been built, and tests of other projects may be using that.
  const pack = ['pack', '--ignore-scripts', '--silent', '--pack-destination', folder];
  const { stdout } = await run('npm', pack, { cwd: ROOT, env: await npmEnv(folder) });
  return join(folder, stdout.trim());
}

/** An application in a folder of its own, in which our package has been installed. */
export class FreshApplication {
  private constructor(
    readonly folder: string,
    private readonly recipe: Recipe,
  ) {}

  static async install(tarball: string, recipe: Recipe): Promise<FreshApplication> {
    const folder = await mkdtemp(join(tmpdir(), 'fresh-app-'));
    const { devDependencies } = await readManifest();
    const known = recipe.packages.map((name) => [name, devDependencies[name] ?? '*']);
    const manifest = {
      name: 'fresh-app',
      type: recipe.type,
      dependencies: {
        ...Object.fromEntries(known),
        ...recipe.versions,
        'nestjs-chunked-upload': `file:${tarball}`,
      },
      optionalDependencies: recipe.optional ?? {},
      // Of these the newest want Node 22.
      overrides: { 'file-type': '21.3.4', 'light-my-request': { cookie: '1.0.2' } },
    };
    await writeFile(join(folder, 'package.json'), JSON.stringify(manifest));
    const install = ['install', '--no-audit', '--no-fund', '--prefer-offline'];
    await run('npm', install, { cwd: folder, env: await npmEnv(folder) });
    return new FreshApplication(folder, recipe);
  }

  /** Takes files of ours, or of the given texts, and compiles all of them. */
  async compile(sources: readonly string[], texts: Record<string, string> = {}): Promise<void> {
    for (const name of sources) await cp(join(APPLICATION_SOURCES, name), join(this.folder, name));
    for (const [name, text] of Object.entries(texts))
      await writeFile(join(this.folder, name), text);
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
    };
    const files = [...sources, ...Object.keys(texts)];
    await writeFile(join(this.folder, 'tsconfig.json'), JSON.stringify({ compilerOptions, files }));
    const tsc = join(this.folder, 'node_modules', '.bin', 'tsc');
    // Its errors are on stdout.
    await run(tsc, [], { cwd: this.folder }).catch((error: { stdout: string }) => {
      throw new Error(error.stdout);
    });
  }

  /** Runs a script in this folder. Returns what it printed. */
  async evaluate(script: string): Promise<string> {
    return (await run(process.execPath, ['-e', script], { cwd: this.folder })).stdout.trim();
  }

  /** Runs our command as it was installed. Returns what it printed. */
  async command(args: readonly string[], databaseUrl: string): Promise<string> {
    const command = join(this.folder, 'node_modules', '.bin', 'nestjs-chunked-upload');
    const env = { ...process.env, DATABASE_URL: databaseUrl, MEDIA: join(this.folder, 'media') };
    return (await run(command, args, { cwd: this.folder, env })).stdout;
  }

  /** Starts a compiled file that prints its URL, for the time of `work`. */
  async withServer(
    file: string,
    databaseUrl: string,
    work: (url: string) => Promise<void>,
  ): Promise<void> {
    const server = spawn(process.execPath, [file], {
      cwd: this.folder,
      env: { ...process.env, DATABASE_URL: databaseUrl, MEDIA: join(this.folder, 'media') },
      stdio: ['ignore', 'pipe', 'inherit'],
    });
    const exit = once(server, 'exit');
    try {
      const [line] = (await Promise.race([
        once(server.stdout, 'data'),
        exit.then(() => Promise.reject(new Error(`${file} has ended`))),
      ])) as [Buffer];
      await work(line.toString().trim());
    } finally {
      server.kill();
      await exit;
    }
  }

  async remove(): Promise<void> {
    await rm(this.folder, { recursive: true, force: true });
  }
}

/** npm's own cache, or for a user without a home one that goes with the folder. */
async function npmEnv(folder: string): Promise<NodeJS.ProcessEnv> {
  const usual = process.env['npm_config_cache'] ?? join(homedir(), '.npm');
  const cache = await mkdir(usual, { recursive: true }).then(
    () => usual,
    () => join(folder, '.npm'),
  );
  return { ...process.env, npm_config_cache: cache };
}
