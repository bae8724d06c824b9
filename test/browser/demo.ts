import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, rm } from 'node:fs/promises';
import { type AddressInfo, createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { createDatabase, type TestDatabase } from '../support/database.js';

const ROOT = fileURLToPath(new URL('../../', import.meta.url));

/** The built demo application as a process of its own, with data of its own. */
export class Demo {
  private process: ChildProcess | undefined;
  private output = '';

  private constructor(
    readonly port: number,
    private readonly dataDir: string,
    private readonly database: TestDatabase,
  ) {}

  /** @throws when it ends, with its output, instead of answering */
  static async start(): Promise<Demo> {
    const dataDir = await mkdtemp(join(tmpdir(), 'demo-'));
    const demo = new Demo(await freePort(), dataDir, await createDatabase());
    await demo.launch();
    return demo;
  }

  get url(): string {
    return `http://localhost:${this.port}`;
  }

  /** Starts it on the port and the data that it had before. */
  async launch(): Promise<void> {
    const env = {
      ...process.env,
      PORT: String(this.port),
      DATA_DIR: this.dataDir,
      DATABASE_URL: this.database.url,
    };
    const child = spawn(process.execPath, ['dist/main.js'], { cwd: ROOT, env });
    this.process = child;
    this.output = '';
    await new Promise<void>((resolve, reject) => {
      const read = (piece: Buffer): void => {
        this.output += piece.toString();
        if (this.output.includes(this.url)) resolve();
      };
      child.stdout.on('data', read);
      child.stderr.on('data', read);
      child.once('error', reject);
      child.once('exit', () => reject(new Error(`The demo ended:\n${this.output}`)));
    });
  }

  /** `kill -9`. */
  async kill(): Promise<void> {
    await this.end('SIGKILL');
  }

  async stop(): Promise<void> {
    await this.end('SIGTERM');
    await this.database.drop();
    await rm(this.dataDir, { recursive: true, force: true });
  }

  private async end(signal: NodeJS.Signals): Promise<void> {
    const child = this.process;
    if (!child || child.exitCode !== null || child.signalCode !== null) return;
    child.kill(signal);
    await once(child, 'exit');
  }
}

async function freePort(): Promise<number> {
  const server = createServer().listen(0);
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo;
  server.close();
  await once(server, 'close');
  return port;
}
