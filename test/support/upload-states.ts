import { randomUUID } from 'node:crypto';
import { copyFile, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { AbstractChunkedUpload, ChunkedUploadService } from 'nestjs-chunked-upload';
import type { Repository } from 'typeorm';
import type { State } from './access-rules.js';
import type { Host } from './host.js';
import { RawConnection } from './raw-connection.js';
import { type UploadClient, md5 } from './upload-client.js';
import { until } from './waiting.js';

const EVERY_MS = 50;
const SILENT_AFTER_MS = 500;

/** TypeORM's types do not get to the end of a column that holds any JSON. */
export type UploadRow = Omit<AbstractChunkedUpload, 'storageState' | 'response'>;

/** What a request could have changed of an upload. Null: it is gone. */
export type Remains = {
  offset: number;
  status: number;
  lease: string | null;
  bytes: string;
} | null;

/** Uploads of one type in the states that they can be in. */
export class UploadStates {
  /** Ids of all that it has made. */
  readonly made = new Set<string>();
  readonly #silent: RawConnection[] = [];

  constructor(
    private readonly host: Host,
    private readonly repository: Repository<UploadRow>,
    private readonly service: ChunkedUploadService<AbstractChunkedUpload>,
    private readonly committed: Uint8Array,
  ) {}

  /**
   * Ids of `count` uploads of `creator`. One is made by requests, the others are its copies. Those
   * that are to be live wait for `whileSending`.
   */
  async make(creator: UploadClient, state: State, count: number): Promise<string[]> {
    const { id } = await creator.begin(this.committed, '*');
    this.made.add(id);
    if (state === 'expired') await this.repository.update(id, { expiresAt: new Date(0) });
    if (state === 'aborted') await this.service.abort(id);
    if (state === 'complete') await creator.complete(id, md5(this.committed));
    if (state === 'removed') {
      await creator.delete(id);
      return Array.from({ length: count }, () => id);
    }
    const ids = [id, ...(await this.#copies(id, count - 1))];
    if (state === 'silent') {
      for (const each of ids) this.#silent.push(await this.#write(creator, each));
      const since = performance.now();
      await until('silence', () => performance.now() - since > SILENT_AFTER_MS);
    }
    return ids;
  }

  /**
   * Works while somebody is sending the next chunk of an upload. The pause is the longest in which
   * nothing could be sent, since this process was not given time to.
   */
  async whileSending(
    creator: UploadClient,
    id: string,
    work: () => Promise<void>,
  ): Promise<{ longestPauseMs: number }> {
    const writer = await this.#write(creator, id);
    let sentAt = performance.now();
    let longestPauseMs = 0;
    const pause = () => Math.max(longestPauseMs, performance.now() - sentAt);
    const send = () => {
      longestPauseMs = pause();
      sentAt = performance.now();
      if (writer.socket.writable) writer.socket.write('more');
    };
    send();
    const beat = setInterval(send, EVERY_MS);
    try {
      await work();
      return { longestPauseMs: pause() };
    } finally {
      clearInterval(beat);
      writer.destroy();
    }
  }

  async remains(id: string): Promise<Remains> {
    const upload = await this.#row(id);
    if (!upload) return null;
    const { offset, status, leaseToken: lease, key, finalKey } = upload;
    const bytes = (await this.#read(finalKey)) ?? (await this.#read(key));
    // What lies beyond the offset belongs to nobody yet.
    return { offset, status, lease, bytes: md5(bytes?.subarray(0, offset) ?? Buffer.from('none')) };
  }

  end(): void {
    for (const writer of this.#silent) writer.destroy();
  }

  async #copies(id: string, count: number): Promise<string[]> {
    const model = await this.#row(id);
    if (!model) throw new Error(`There is no upload ${id}`);
    const path = (key: string) => join(this.host.root, key);
    const copies = Array.from({ length: count }, () => {
      const own = randomUUID();
      const rename = (key: string) => key.replace(id, own);
      const keys = { key: rename(model.key), finalKey: rename(model.finalKey) };
      return Object.assign(this.repository.create(), model, keys, { id: own });
    });
    for (const { key, finalKey } of copies) {
      const pairs = [
        [model.key, key],
        [model.finalKey, finalKey],
      ] as const;
      // An aborted upload has no bytes; an unfinished one has them under the first name alone.
      for (const [from, to] of pairs) await copyFile(path(from), path(to)).catch(() => undefined);
    }
    await this.repository.insert(copies);
    for (const copy of copies) this.made.add(copy.id);
    return copies.map((copy) => copy.id);
  }

  /** Begins to send the next chunk, and sends nothing of it. */
  async #write(creator: UploadClient, id: string): Promise<RawConnection> {
    const writer = await RawConnection.open(this.host.url);
    await writer.head('PUT', `${new URL(creator.url).pathname}/${id}`, {
      ...(creator.user === null ? {} : { 'x-user': creator.user }),
      'content-type': 'application/octet-stream',
      'content-range': `bytes ${this.committed.length}-9999999/*`,
      'content-length': 10_000_000 - this.committed.length,
    });
    await until('a writer', async () => (await this.#row(id))?.leaseToken != null);
    return writer;
  }

  #row(id: string): Promise<UploadRow | null> {
    return this.repository.findOneBy({ id });
  }

  async #read(key: string): Promise<Buffer | null> {
    return readFile(join(this.host.root, key)).catch(() => null);
  }
}
