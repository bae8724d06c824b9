import { randomBytes } from 'node:crypto';
import {
  FILES,
  type Answer,
  type Representation,
  headOffset,
  json,
  md5,
  representation,
  send,
  sendChunk,
} from './chunk-request.js';

/** A file on its way, as a client sees it that loses connections and goes on. */
export class ResumingUpload {
  id: string | null = null;
  /** What the server has acknowledged. */
  offset = 0;

  constructor(
    readonly bytes: Buffer,
    readonly user: string | null = 'alice',
  ) {}

  static ofSize(size: number): ResumingUpload {
    return new ResumingUpload(randomBytes(size));
  }

  path(suffix = ''): string {
    return `${FILES}/${this.id}${suffix}`;
  }

  async sendNext(base: string, length: number, multipart = false): Promise<Answer> {
    const { id, offset: start, user } = this;
    const total = this.bytes.length;
    const part = this.bytes.subarray(start, start + length);
    const answer = await sendChunk(base, { id, start, total, multipart }, part, { user });
    if (answer.status === 200) this.acknowledge(representation(answer));
    return answer;
  }

  acknowledge({ id, offset }: Representation): void {
    this.id = id;
    this.offset = offset;
  }

  /** Goes on from where the server says. */
  async ask(base: string): Promise<number> {
    this.offset = await headOffset(base + this.path(), this.user);
    return this.offset;
  }

  /** The rest, in one chunk. */
  async sendRest(base: string): Promise<Answer> {
    return this.sendNext(base, this.bytes.length - this.offset);
  }

  async complete(base: string): Promise<Answer> {
    const body = Buffer.from(JSON.stringify({ md5: md5(this.bytes) }));
    const headers = { 'content-type': 'application/json' };
    return send('POST', base + this.path(), { user: this.user, headers, body });
  }

  async download(base: string): Promise<Buffer> {
    const answer = await send('GET', base + this.path('/file'), { user: this.user });
    if (answer.status !== 200) throw new Error(`${answer.status}: ${answer.bytes.toString()}`);
    return answer.bytes;
  }

  /** Sends what is missing, completes, reads back; whatever is refused throws. */
  async finish(base: string): Promise<{ equal: boolean }> {
    if (this.id !== null) await this.ask(base);
    if (this.offset < this.bytes.length) representation(await this.sendRest(base));
    const answer = await this.complete(base);
    if (answer.status !== 200) throw new Error(`${answer.status}: ${answer.bytes.toString()}`);
    return { equal: (await this.download(base)).equals(this.bytes) };
  }
}

export function detail(answer: Answer | null): unknown {
  return answer ? json(answer)['detail'] : null;
}
