import { expect } from 'vitest';
import type { Host } from './host.js';
import { storedFiles } from './stored-files.js';
import type { Answer, UploadClient } from './upload-client.js';

type Request = () => Promise<Answer>;

/** Holds refusals against their exact words, and against their having changed nothing. */
export class Refusals {
  constructor(
    private readonly host: Host,
    private readonly client: UploadClient,
  ) {}

  /** Of a request about the upload `id`. */
  async of(id: string, request: Request, status: number, body: object): Promise<void> {
    const before = await this.client.get(id);
    const answer = await request();
    expect({ status: answer.status, body: answer.body }).toEqual({ status, body });
    expect(answer.headers.get('content-type')).toMatch(/^application\/json/);
    expect((await this.client.get(id)).body).toEqual(before.body);
  }

  /** Of a request that would have begun an upload. */
  async ofNew(request: Request, status: number, body: object): Promise<void> {
    const before = await this.#everything();
    const answer = await request();
    expect({ status: answer.status, body: answer.body }).toEqual({ status, body });
    expect(await this.#everything()).toEqual(before);
  }

  async #everything() {
    return { uploads: await this.client.list(), files: await storedFiles(this.host.root) };
  }
}
