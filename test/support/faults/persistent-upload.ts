import { randomBytes } from 'node:crypto';
import { setTimeout as sleep } from 'node:timers/promises';
import { type Answer, json, md5, representation } from '../chunk-request.js';
import type { FaultHost } from './fault-host.js';
import { LIMIT_MS } from './limits.js';
import { FILES, describe, expectStatus, mayComeAgain, persist, request } from './requests.js';
import type { Stage } from './stage.js';

const PAUSE_MS = 100;
/** In the stage's units: all of it, and what is acknowledged before anything goes wrong. */
const SIZE = 300;
const FIRST = 100;

/**
 * A file on its way, as a client sees it that goes on after whatever went wrong. What it sends again
 * are other bytes than before: so those of a writer that was given up are told from its own.
 */
export class PersistentUpload {
  id: string | null = null;
  /** No answer may ever name less. */
  acknowledged = 0;
  /** Where bytes were accepted that took the place of others; null: nowhere. */
  replacedAt: number | null = null;

  constructor(
    /** What the file has to be in the end. */
    public content: Buffer,
    readonly path = FILES,
  ) {}

  static ofSize(size: number, path = FILES): PersistentUpload {
    return new PersistentUpload(randomBytes(size), path);
  }

  /** Not begun. */
  static on({ unit }: Stage, path = FILES): PersistentUpload {
    return PersistentUpload.ofSize(SIZE * unit, path);
  }

  /** Begun, with some bytes acknowledged. */
  static async begun(stage: Stage): Promise<PersistentUpload> {
    const upload = PersistentUpload.on(stage);
    expectStatus('begin', await upload.sendFirst(stage.first, FIRST * stage.unit), 200);
    return upload;
  }

  /** With all bytes acknowledged. */
  static async whole(stage: Stage, path = FILES): Promise<PersistentUpload> {
    const upload = PersistentUpload.on(stage, path);
    expectStatus('begin', await upload.sendFirst(stage.first, upload.content.length), 200);
    return upload;
  }

  get url(): string {
    return `${this.path}/${this.id}`;
  }

  acknowledge(answer: Answer): Answer {
    if (answer.status === 200) this.know(representation(answer));
    return answer;
  }

  /** What it has been told, by an answer or a list. */
  know({ id, offset }: { readonly id: string; readonly offset: number }): void {
    this.id = id;
    if (this.replacedAt !== null && this.replacedAt < offset) {
      throw new Error(`Two writers were accepted at one offset, ${this.replacedAt} and ${offset}`);
    }
    this.acknowledged = Math.max(this.acknowledged, offset);
  }

  async create(host: FaultHost): Promise<Answer> {
    const headers = { 'content-range': `bytes */${this.content.length}` };
    return this.acknowledge(await request(host, 'PUT', `${this.path}?filename=a.bin`, { headers }));
  }

  /** Takes what is answered for granted. */
  async sendFirst(host: FaultHost, length: number, query = ''): Promise<Answer> {
    const part = this.content.subarray(0, length);
    const url = `${this.path}?filename=a.bin${query}`;
    return this.acknowledge(await request(host, 'PUT', url, this.chunk(0, part)));
  }

  async sendRest(host: FaultHost): Promise<Answer> {
    const part = this.content.subarray(this.acknowledged);
    const chunk = this.chunk(this.acknowledged, part);
    return this.acknowledge(await request(host, 'PUT', this.url, chunk));
  }

  async sendWhole(host: FaultHost): Promise<Answer> {
    const url = `${this.path}?filename=a.bin&md5=${md5(this.content)}`;
    return request(host, 'POST', url, { headers: OCTETS, body: this.content });
  }

  async complete(host: FaultHost): Promise<Answer> {
    const body = Buffer.from(JSON.stringify({ md5: md5(this.content) }));
    const headers = { 'content-type': 'application/json' };
    return request(host, 'POST', this.url, { headers, body });
  }

  /** Where the server says that it goes on. */
  async ask(host: FaultHost): Promise<number> {
    // As it is now: others may learn of more until it answers.
    const { acknowledged } = this;
    const answer = await persist('HEAD', () => request(host, 'HEAD', this.url));
    const offset = Number(expectStatus('HEAD', answer, 200).headers['upload-offset']);
    if (offset >= acknowledged) return offset;
    throw new Error(`${acknowledged} bytes were acknowledged, and now only ${offset}`);
  }

  /** Sends what is missing, completes, and reads back. */
  async finish(host: FaultHost, withinMs = LIMIT_MS): Promise<void> {
    const giveUpAt = performance.now() + withinMs;
    for (;;) {
      const offset = await this.ask(host);
      this.acknowledged = offset;
      if (offset === this.content.length) break;
      const answer = await this.#replaceRest(host, offset);
      if (answer.status === 200) continue;
      if (performance.now() > giveUpAt) {
        throw new Error(`late: The next chunk: after ${withinMs} ms still ${describe(answer)}`);
      }
      await sleep(PAUSE_MS);
    }
    const completed = await persist('complete', () => this.complete(host));
    expectStatus('complete', completed, 200);
    await this.expectEqual(host);
  }

  async expectEqual(host: FaultHost): Promise<void> {
    const answer = await persist('download', () => request(host, 'GET', `${this.url}/file`));
    const { bytes } = expectStatus('download', answer, 200);
    if (!bytes.equals(this.content)) throw new Error('The completed file has other bytes');
  }

  chunk(start: number, part: Uint8Array): { headers: Record<string, string>; body: Uint8Array } {
    const range = `bytes ${start}-${start + part.length - 1}/${this.content.length}`;
    return { headers: { ...OCTETS, 'content-range': range }, body: part };
  }

  async #replaceRest(host: FaultHost, offset: number): Promise<Answer> {
    const part = randomBytes(this.content.length - offset);
    const answer = await request(host, 'PUT', this.url, this.chunk(offset, part));
    if (answer.status === 200) {
      this.content = Buffer.concat([this.content.subarray(0, offset), part]);
      this.replacedAt = offset;
      this.acknowledged = representation(answer).offset;
    } else if (!mayComeAgain(answer) && !isBehind(answer)) {
      expectStatus('The next chunk', answer, 200);
    }
    return answer;
  }
}

const OCTETS = { 'content-type': 'application/octet-stream' };

/** The writer that was given up has committed in the meantime. */
function isBehind(answer: Answer): boolean {
  return answer.status === 400 && 'expected_offset' in json(answer);
}
