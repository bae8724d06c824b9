import { type AddressInfo, type Server, type Socket, connect, createServer } from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';
import { LATE_MS, type Fault, UNKNOWN_MS } from './fault.js';
import type { FaultPlan } from './fault-plan.js';
import {
  type PostgresMessage,
  PostgresMessages,
  queryMessage,
  sqlOf,
} from './postgres-messages.js';
import { statementLabel } from './statement-label.js';

// What the server gets in place of a statement that it is to refuse: so it knows of the failure too,
// and a transaction is broken as it would be.
const REFUSAL = queryMessage(
  `DO $$ BEGIN RAISE EXCEPTION 'refused by the test' USING ERRCODE = '57014'; END $$`,
);

// What a host asks of its tables at its start, beside the first requests.
const CATALOGUE = /\bto_regclass\(/;

/** A line to Postgres on which single statements go wrong, as a plan says. */
export class PostgresLine {
  readonly #joints = new Set<Joint>();
  /** What still takes effect although nobody waits for it. */
  readonly #pending = new Set<Promise<void>>();
  readonly #server: Server;

  private constructor(
    private readonly target: URL,
    private readonly plan: FaultPlan,
  ) {
    this.#server = createServer((incoming) => this.#join(incoming));
  }

  static async to(url: string, plan: FaultPlan): Promise<PostgresLine> {
    const line = new PostgresLine(new URL(url), plan);
    await new Promise<void>((resolve) => {
      line.#server.listen(0, '127.0.0.1', resolve);
    });
    return line;
  }

  /** The target's URL, by way of this line. */
  get url(): string {
    const url = new URL(this.target);
    url.hostname = '127.0.0.1';
    url.port = String((this.#server.address() as AddressInfo).port);
    return url.href;
  }

  /** Resolves when no statement will take effect any more that was sent before a fault. */
  async settled(): Promise<void> {
    await Promise.all(this.#pending);
  }

  /** Cuts the connections that went dead. */
  release(): void {
    for (const joint of this.#joints) if (joint.isDead) joint.cut();
  }

  async close(): Promise<void> {
    for (const joint of this.#joints) joint.cut();
    await new Promise((resolve) => this.#server.close(resolve));
  }

  #join(incoming: Socket): void {
    const outgoing = connect(Number(this.target.port), this.target.hostname);
    const joint = new Joint(incoming, outgoing, this.plan);
    this.#joints.add(joint);
    joint.onPending = (pending) => {
      this.#pending.add(pending);
      void pending.finally(() => this.#pending.delete(pending));
    };
    joint.onEnd = () => this.#joints.delete(joint);
  }
}

/** One connection of a client, and its own to the server. */
class Joint {
  /** Whether nothing gets through any more, and nobody is told. */
  isDead = false;
  onPending: (pending: Promise<void>) => void = () => undefined;
  onEnd: () => void = () => undefined;
  readonly #fromClient = new PostgresMessages(true);
  /** What the client has sent of a statement that is not whole yet. */
  #statement: PostgresMessage[] = [];
  /** Takes what the server says, in the client's place. */
  #intercept: ((bytes: Buffer) => void) | null = null;
  /** Whether the server goes on without the client. */
  #isOrphaned = false;

  constructor(
    private readonly incoming: Socket,
    private readonly outgoing: Socket,
    private readonly plan: FaultPlan,
  ) {
    incoming.on('data', (bytes: Buffer) => this.#send(bytes));
    outgoing.on('data', (bytes: Buffer) => {
      if (this.#intercept) this.#intercept(bytes);
      else incoming.write(bytes);
    });
    for (const socket of [incoming, outgoing]) {
      socket.on('error', () => undefined);
      socket.on('close', () => {
        incoming.destroy();
        if (!this.#isOrphaned) outgoing.destroy();
        this.onEnd();
      });
    }
  }

  cut(): void {
    this.incoming.resetAndDestroy();
    this.outgoing.destroy();
  }

  #send(bytes: Buffer): void {
    for (const message of this.#fromClient.push(bytes)) {
      if (this.isDead) return;
      // Parse, Bind, Describe, Execute, Close: a statement is whole with the Sync behind them.
      if ('PBDEC'.includes(message.type) && message.type !== '') this.#statement.push(message);
      else if (message.type === 'Q' || message.type === 'S') this.#whole(message);
      else this.outgoing.write(message.bytes);
    }
  }

  #whole(last: PostgresMessage): void {
    const messages = [...this.#statement, last];
    this.#statement = [];
    const sql = messages.map(sqlOf).find((text) => text !== null);
    const bytes = Buffer.concat(messages.map((message) => message.bytes));
    const isOfStart = sql !== undefined && CATALOGUE.test(sql);
    const fault = isOfStart ? null : this.plan.meet(statementLabel(sql ?? 'a prepared statement'));
    if (fault) void this.#goWrong(fault as Fault, bytes);
    else this.outgoing.write(bytes);
  }

  async #goWrong(fault: Fault, statement: Buffer): Promise<void> {
    switch (fault) {
      case 'refused':
        this.outgoing.write(REFUSAL);
        return;
      case 'before':
        this.cut();
        return;
      case 'after':
        await this.#answerTo(statement);
        this.cut();
        return;
      case 'unknown':
        this.#isOrphaned = true;
        this.incoming.resetAndDestroy();
        this.onPending(this.#takeEffectLater(statement));
        return;
      case 'hang before':
        this.isDead = true;
        return;
      case 'hang after':
        this.isDead = true;
        await this.#answerTo(statement);
        return;
      case 'late': {
        const answer = await this.#answerTo(statement);
        await sleep(LATE_MS);
        this.#intercept = null;
        this.incoming.write(answer);
        return;
      }
      case 'kill before':
        await this.plan.kill();
        return;
      case 'kill after':
        await this.#answerTo(statement);
        await this.plan.kill();
    }
  }

  async #takeEffectLater(statement: Buffer): Promise<void> {
    await sleep(UNKNOWN_MS);
    await this.#answerTo(statement);
    this.outgoing.destroy();
  }

  /** Has the server execute it. Its answer, up to `ReadyForQuery`, which the client does not get. */
  async #answerTo(statement: Buffer): Promise<Buffer> {
    const messages = new PostgresMessages(false);
    const answer: Buffer[] = [];
    const answered = new Promise<void>((resolve) => {
      this.#intercept = (bytes) => {
        answer.push(bytes);
        if (messages.push(bytes).some(({ type }) => type === 'Z')) resolve();
      };
      this.outgoing.once('close', () => resolve());
    });
    this.outgoing.write(statement);
    await answered;
    return Buffer.concat(answer);
  }
}
