import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { fileURLToPath } from 'node:url';
import type { Answer } from '../chunk-request.js';
import { LATE_MS, STORAGE } from './fault.js';
import type { FaultPlan } from './fault-plan.js';
import { CALL_TIMEOUT_MS, LEASE_MS } from './limits.js';
import type { StoreOptions } from '../store-options.js';

const PROGRAM = fileURLToPath(new URL('fault-host-process.mjs', import.meta.url));
/** Of what it has printed, for whoever looks for the reason of a failure. */
const KEPT_OUTPUT = 4000;

/** What the library's own codes are over HTTP; all others are bugs. */
const STATUS: Readonly<Record<string, number>> = {
  not_found: 404,
  aborted: 410,
  busy: 423,
  unavailable: 503,
  storage_full: 507,
};

export interface FaultHostOptions {
  readonly databaseUrl: string;
  readonly storage: HostStorage;
  /** Whether its first start makes the tables. */
  readonly makeTables: boolean;
  /** What is to go wrong with its storage; null: nothing. */
  readonly plan: FaultPlan | null;
  /** What a store that it asks finds in the `User-Agent` of its requests. */
  readonly name?: string;
}

/** Files below a folder, or objects of a bucket. */
export type HostStorage =
  { readonly root: string } | { readonly bucket: string; readonly connection: StoreOptions };

/** By their paths below `/uploads`. */
export type UploadType = 'files' | 'hooked';

/** Methods of the service that no route offers. */
export type ServiceMethod = 'abort' | 'removeExpired' | 'reconcile';

type Message =
  | { readonly kind: 'listening'; readonly url: string }
  | { readonly kind: 'enter'; readonly call: number; readonly name: string }
  | { readonly kind: 'leave' }
  | {
      readonly kind: 'answer';
      readonly call: number;
      readonly code: string | null;
      readonly value: unknown;
    };

/** A host application as a process that can be killed at any call of its storage. */
export class FaultHost {
  url = '';
  output = '';
  #child: ChildProcess | null = null;
  #calls = 0;
  /** Those who wait for an answer; null: there will be none. */
  readonly #waiting = new Map<number, (answer: Answer | null) => void>();

  private constructor(private readonly options: FaultHostOptions) {}

  static async start(options: FaultHostOptions): Promise<FaultHost> {
    const host = new FaultHost(options);
    await host.launch(options.makeTables);
    return host;
  }

  get isAlive(): boolean {
    return this.#child?.exitCode === null && this.#child.signalCode === null;
  }

  /** Starts it, or starts it again, on another port. */
  async launch(makeTables = false): Promise<void> {
    const { databaseUrl, storage, name = 'host' } = this.options;
    const upload = { leaseTime: LEASE_MS, callTimeout: CALL_TIMEOUT_MS };
    const settings = { databaseUrl, storage, makeTables, lateMs: LATE_MS, upload };
    const child = spawn(process.execPath, [PROGRAM], {
      env: { ...process.env, AWS_EXECUTION_ENV: name, FAULT_HOST: JSON.stringify(settings) },
      stdio: ['ignore', 'pipe', 'pipe', 'ipc'],
    });
    this.#child = child;
    const print = (piece: Buffer): void => {
      this.output = (this.output + piece.toString()).slice(-KEPT_OUTPUT);
    };
    child.stdout?.on('data', print);
    child.stderr?.on('data', print);
    child.on('error', () => undefined);
    child.once('exit', () => {
      for (const answer of this.#waiting.values()) answer(null);
    });
    await new Promise<void>((resolve, reject) => {
      child.once('exit', () => reject(new Error(`The host ended:\n${this.output}`)));
      child.on('message', (message: Message) => {
        this.#take(message, child);
        if (message.kind === 'listening') resolve();
      });
    });
  }

  /** SIGKILL. */
  async kill(): Promise<void> {
    const child = this.#child;
    if (!child || !this.isAlive) return;
    const exit = once(child, 'exit');
    child.kill('SIGKILL');
    await exit;
  }

  /** Lets calls of the storage that hang come to an end. */
  release(): void {
    if (this.#child?.connected) this.#child.send({ kind: 'release' });
  }

  /** Asks the service of a type, and answers as a route would. @throws where the process ends */
  async call(type: UploadType, method: ServiceMethod, ...args: unknown[]): Promise<Answer> {
    const call = (this.#calls += 1);
    const answered = new Promise<Answer | null>((resolve) => this.#waiting.set(call, resolve));
    this.#child?.send({ kind: 'call', call, type, method, args });
    const answer = await answered;
    this.#waiting.delete(call);
    if (!answer) throw new Error('The process ended without an answer');
    return answer;
  }

  #take(message: Message, child: ChildProcess): void {
    if (message.kind === 'listening') this.url = message.url;
    if (message.kind === 'leave') void this.options.plan?.kill();
    if (message.kind === 'enter') {
      const fault = this.options.plan?.meet(STORAGE + message.name) ?? null;
      if (fault === 'kill before') void this.options.plan?.kill();
      else if (child.connected) child.send({ kind: 'fault', call: message.call, fault });
    }
    if (message.kind === 'answer') {
      const { code, value } = message;
      const status = code === null ? 200 : (STATUS[code] ?? 500);
      const bytes = Buffer.from(JSON.stringify(value));
      // A caller of the service decides by itself when it comes again.
      this.#waiting.get(message.call)?.({ status, headers: { 'retry-after': '1' }, bytes });
    }
  }
}
