import assert from 'node:assert/strict';
import { createHash, randomUUID } from 'node:crypto';
import type {
  ByteRange,
  StorageProvider,
  StorageState,
  StoredBytes,
  StoredFile,
} from '../storage/storage.provider.js';

/** One upload as the engine would carry it: the state goes through JSON, as through the row. */
export class ContractUpload {
  state: StorageState | null = null;
  readonly key: string;
  readonly finalKey: string;
  #offset = 0;

  constructor(
    private readonly create: () => StorageProvider | Promise<StorageProvider>,
    { sameKey = false, folder = 'contract' } = {},
  ) {
    const id = randomUUID();
    this.key = `${folder}/${id}.part.bin`;
    this.finalKey = sameKey ? this.key : `${folder}/${id}.done.bin`;
  }

  get #file(): StoredFile {
    return { key: this.key, finalKey: this.finalKey, storageState: this.state };
  }

  async append(bytes: Buffer, pieceSize = bytes.length): Promise<void> {
    const writer = await this.#open();
    for (let at = 0; at < bytes.length; at += pieceSize * 4) {
      const pieces = [0, 1, 2, 3].map((n) =>
        bytes.subarray(at + n * pieceSize, at + (n + 1) * pieceSize),
      );
      await writer.write(pieces.filter((piece) => piece.length > 0));
    }
    this.state = asStored(await writer.sync());
    await writer.close();
    this.#offset += bytes.length;
  }

  /** Writes as a request does that is refused or dies: nothing of it is committed. */
  async abandon(bytes: Buffer): Promise<void> {
    const writer = await this.#open();
    await writer.write([bytes]);
    await writer.close();
  }

  async finish(size: number): Promise<void> {
    this.state = asStored(await (await this.create()).finish(this.#file, size));
  }

  async read(range?: ByteRange): Promise<Buffer> {
    const stream = await (await this.create()).createReadStream(this.#file, range);
    return Buffer.concat(await stream.toArray());
  }

  async remove(): Promise<void> {
    await (await this.create()).remove(this.#file);
  }

  async hasBytes(size: number): Promise<boolean> {
    return (await this.create()).holds(this.#file, size);
  }

  async list(folder: string): Promise<StoredBytes[]> {
    const listed: StoredBytes[] = [];
    for await (const found of (await this.create()).list(folder)) listed.push(found);
    return listed;
  }

  async holds(bytes: Buffer): Promise<void> {
    const actual = await this.read();
    assert.equal(actual.length, bytes.length);
    assert.equal(sum(actual), sum(bytes));
  }

  async #open() {
    const options = { offset: this.#offset, total: null, token: randomUUID() };
    return (await this.create()).open(this.#file, options);
  }
}

function sum(data: Buffer): string {
  return createHash('sha256').update(data).digest('hex');
}

function asStored(state: StorageState | null): StorageState | null {
  return JSON.parse(JSON.stringify(state)) as StorageState | null;
}
