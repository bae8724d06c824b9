import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, readFile, readdir, readlink, rm, stat, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { freePort } from './free-port.js';
import { speakHttp2 } from './http2-fetch.js';
import { until } from './waiting.js';

const ROOT = fileURLToPath(new URL('../../', import.meta.url));
const PROGRAMS = { demo: 'dist/main.js', host: 'test/support/host-process.mjs' };

// A process group of its own is not ended with this process, also not by the Ctrl-C that ends it.
const running = new Set<number>();
process.once('exit', () => {
  for (const group of running) process.kill(-group, 'SIGKILL');
});

/** What `host-process.mjs` can be told. */
export interface HostSettings {
  readonly leaseTime?: string;
  /** How long `onComplete` takes after its work in the database, and on while there is a file `hold`. */
  readonly onCompleteMs?: number;
  /** Default: Express; Fastify closes all connections at its end. `http2`: Fastify over that. */
  readonly platform?: 'express' | 'fastify' | 'http2';
  readonly maxBytes?: number;
}

export interface ServerOptions {
  /** The demo application, or a smaller one with settings of its own. Default: the demo. */
  readonly program?: keyof typeof PROGRAMS;
  /** Null: the demo's embedded one. */
  readonly databaseUrl: string | null;
  /** Shared with other servers; removed by whoever made it. Default: a new one. */
  readonly dataDir?: string;
  readonly host?: HostSettings;
  /** Further settings of its environment, over all others. */
  readonly env?: Readonly<Record<string, string>>;
}

/** A built server as a process group of its own, with a folder of its own. */
export class ServerProcess {
  #child: ChildProcess | null = null;
  output = '';

  private constructor(
    readonly port: number,
    readonly dataDir: string,
    private readonly options: ServerOptions,
  ) {}

  /** @throws when it ends, with its output, instead of answering */
  static async start(options: ServerOptions): Promise<ServerProcess> {
    const dataDir = options.dataDir ?? (await mkdtemp(join(tmpdir(), 'faults-')));
    const server = new ServerProcess(await freePort(), dataDir, options);
    await server.launch();
    return server;
  }

  get url(): string {
    return `http://127.0.0.1:${this.port}`;
  }

  get pid(): number {
    return this.#child?.pid ?? 0;
  }

  get isAlive(): boolean {
    return this.#child?.exitCode === null && this.#child.signalCode === null;
  }

  /** Starts it again, on the port and the data that it had before. */
  async launch(): Promise<void> {
    const { program = 'demo', databaseUrl, host = {}, env: own = {} } = this.options;
    const env = {
      ...process.env,
      PORT: String(this.port),
      DATA_DIR: this.dataDir,
      DATABASE_URL: databaseUrl ?? '',
      HOST_SETTINGS: JSON.stringify(host),
      ...own,
    };
    const child = spawn(process.execPath, [PROGRAMS[program]], { cwd: ROOT, env, detached: true });
    this.#child = child;
    const group = child.pid;
    if (group !== undefined) {
      running.add(group);
      child.once('exit', () => running.delete(group));
    }
    if (program === 'host' && host.platform === 'http2') speakHttp2(this.url);
    await new Promise<void>((resolve, reject) => {
      let answered = '';
      const read = (piece: Buffer): void => {
        this.output += piece.toString();
        answered += piece.toString();
        if (answered.includes(`http://localhost:${this.port}`)) resolve();
      };
      child.stdout.on('data', read);
      child.stderr.on('data', read);
      child.once('error', reject);
      child.once('exit', () => reject(new Error(`The server ended:\n${this.output}`)));
    });
  }

  /** `kill -9` of the whole process group. */
  async kill(): Promise<void> {
    await this.signal('SIGKILL', true);
  }

  /** `kill -STOP`: it holds its connections and does nothing. */
  async freeze(): Promise<void> {
    await this.signal('SIGSTOP', false);
  }

  async thaw(): Promise<void> {
    await this.signal('SIGCONT', false);
  }

  /** SIGTERM; its exit code, null where a signal ended it. */
  async terminate(): Promise<number | null> {
    const child = this.#child;
    await this.signal('SIGTERM', true);
    return child?.exitCode ?? null;
  }

  /** Ends it and removes its folder. */
  async stop(): Promise<void> {
    await this.signal('SIGTERM', true);
    if (!this.options.dataDir) {
      await rm(this.dataDir, { recursive: true, force: true, maxRetries: 10 });
    }
  }

  /** Paths of the files, finished or not, that its storage holds. */
  async storedFiles(): Promise<string[]> {
    const media = join(this.dataDir, 'media');
    const entries = await readdir(media, { recursive: true, withFileTypes: true }).catch(() => []);
    return entries.filter((entry) => entry.isFile()).map(({ path, name }) => join(path, name));
  }

  /** Size of the one whose name holds `name`; 0 without it. */
  async storedBytes(name: string): Promise<number> {
    const path = (await this.storedFiles()).find((stored) => stored.includes(name));
    return path === undefined ? 0 : (await stat(path)).size;
  }

  async openFiles(): Promise<number> {
    return (await readdir(`/proc/${this.pid}/fd`)).length;
  }

  /** Whether it has a file open whose name holds `name`. */
  async hasOpen(name: string): Promise<boolean> {
    const folder = `/proc/${this.pid}/fd`;
    const links = (await readdir(folder)).map((fd) => readlink(join(folder, fd)).catch(() => ''));
    return (await Promise.all(links)).some((target) => target.includes(name));
  }

  /** Waits until it has none: it closes a file some time after it has answered. */
  async hasClosed(name: string): Promise<void> {
    await until('it has let go of the file', async () => !(await this.hasOpen(name)));
  }

  /** Bytes that it has asked the kernel for so far, from files and sockets. */
  async bytesRead(): Promise<number> {
    return fieldOf(await readFile(`/proc/${this.pid}/io`, 'utf8'), 'rchar');
  }

  /** In bytes: `VmRSS`, or `VmHWM`, the peak since `forgetPeak`. */
  async memory(field: 'VmRSS' | 'VmHWM'): Promise<number> {
    return fieldOf(await readFile(`/proc/${this.pid}/status`, 'utf8'), field) * 1024;
  }

  async forgetPeak(): Promise<void> {
    await writeFile(`/proc/${this.pid}/clear_refs`, '5');
  }

  private async signal(signal: NodeJS.Signals, wait: boolean): Promise<void> {
    const child = this.#child;
    if (!child?.pid || !this.isAlive) return;
    const exit = wait ? once(child, 'exit') : null;
    process.kill(-child.pid, signal);
    await exit;
  }
}

function fieldOf(text: string, name: string): number {
  return Number(new RegExp(`^${name}:\\s*(\\d+)`, 'm').exec(text)?.[1]);
}
