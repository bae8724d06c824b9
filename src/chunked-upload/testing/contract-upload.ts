import assert from 'node:assert/strict';
import { randomUUID } from 'node:crypto';
import type { Readable } from 'node:stream';
import type {
  ByteRange,
  FinishOptions,
  StorageProvider,
  StorageState,
  StorageWriter,
  StoredBytes,
  StoredFile,
} from '../storage/storage.provider.js';

/**
 * One upload as the engine would carry it: the state goes through JSON, as through the row, every
 * call goes to a fresh provider, and who takes the upload is told of those before.
 */
export class ContractUpload {
  state: StorageState | null = null;
  /** How many bytes are committed. */
  offset = 0;
  readonly key: string;
  readonly finalKey: string;
  #attempt = 0;
  #contested = false;

  constructor(
    private readonly create: () => StorageProvider | Promise<StorageProvider>,
    { sameKey = false, folder = 'contract' } = {},
  ) {
    const id = randomUUID();
    this.key = `${folder}/${id}.part.bin`;
    this.finalKey = sameKey ? this.key : `${folder}/${id}.done.bin`;
  }

  get file(): StoredFile {
    return { key: this.key, finalKey: this.finalKey, storageState: this.state };
  }

  /** Takes the upload, as every writer does. `file`: as somebody late still sees it. */
  async take(length: number | null = null, late?: LateTake): Promise<ContractWriter> {
    const attempt = late ? late.attempt : (this.#attempt += 1);
    const options = {
      offset: late?.offset ?? this.offset,
      length,
      total: null,
      token: randomUUID(),
      attempt,
      contested: late ? late.contested : this.#contested,
    };
    const writer = await (await this.create()).open(late?.file ?? this.file, options);
    return new ContractWriter(this, writer, options.offset);
  }

  /** Takes the upload, but comes to open it only when that is called. */
  takeLate(): (length: number) => Promise<ContractWriter> {
    this.#attempt += 1;
    const { file, offset } = this;
    const late = { file, offset, attempt: this.#attempt, contested: this.#contested };
    this.#contested = true;
    return (length) => this.take(length, late);
  }

  /** Writes and commits one chunk. */
  async append(bytes: Buffer, pieceSize = bytes.length): Promise<void> {
    const writer = await this.take(bytes.length);
    await writer.write(bytes, pieceSize);
    await writer.commitLast();
    this.#attempt = 0;
    await writer.close();
  }

  /** Writes as a request does that is refused or dies: nothing of it is committed. */
  async abandon(bytes: Buffer, pieceSize = bytes.length): Promise<void> {
    const writer = await this.take(bytes.length);
    if (bytes.length > 0) await writer.write(bytes, pieceSize);
    await writer.close();
  }

  /** Writes, and is not heard of any more: nobody knows whether it will go on. */
  async stall(bytes: Buffer): Promise<ContractWriter> {
    const writer = await this.take(bytes.length);
    await writer.write(bytes);
    this.#contested = true;
    return writer;
  }

  /** A writer's `sync` has returned this, and its statement was accepted. The writer goes on. */
  committed(state: StorageState | null, offset: number): void {
    this.state = asStored(state);
    this.offset = offset;
    this.#attempt = 1;
    this.#contested = false;
  }

  async finish(size: number): Promise<void> {
    this.#attempt += 1;
    const options: FinishOptions = { attempt: this.#attempt, contested: this.#contested };
    this.state = asStored(await (await this.create()).finish(this.file, size, options));
  }

  /** A file that comes whole, and is finished by its writer where that can do so. */
  async whole(bytes: Buffer): Promise<void> {
    const writer = await this.take(bytes.length);
    await writer.write(bytes);
    const finished = await writer.finish();
    if (!finished) await writer.commit();
    await writer.close();
    if (!finished) await this.finish(bytes.length);
  }

  async read(range?: ByteRange): Promise<Buffer> {
    return Buffer.concat(await (await this.openToRead(range)).toArray());
  }

  async openToRead(range?: ByteRange): Promise<Readable> {
    return (await this.create()).createReadStream(this.file, range);
  }

  async readBack(range: ByteRange): Promise<Buffer> {
    return Buffer.concat(await (await this.openToReadBack(range)).toArray());
  }

  async openToReadBack(range: ByteRange): Promise<Readable> {
    const storage = await this.create();
    if (typeof storage.readUnfinished !== 'function') {
      assert.fail('a storage without readUnfinished declares that gap');
    }
    return storage.readUnfinished(this.file, range);
  }

  async remove(): Promise<void> {
    await (await this.create()).remove(this.file);
  }

  /** False: the storage does not do that. */
  async removeLeftovers(): Promise<boolean> {
    const storage = await this.create();
    await storage.removeLeftovers?.(this.file);
    return typeof storage.removeLeftovers === 'function';
  }

  async removeByKey(key: string): Promise<void> {
    await (await this.create()).remove({ key, finalKey: key, storageState: null });
  }

  async hasBytes(size: number): Promise<boolean> {
    return (await this.create()).holds(this.file, size);
  }

  async list(folder: string): Promise<StoredBytes[]> {
    const listed: StoredBytes[] = [];
    for await (const found of (await this.create()).list(folder)) listed.push(found);
    return listed;
  }

  async holds(bytes: Buffer): Promise<void> {
    const actual = await this.read();
    assert.equal(actual.length, bytes.length);
    assert.ok(actual.equals(bytes), 'the file has other bytes than were written');
  }
}

/** What a writer knows that has taken the upload and not opened it yet. */
interface LateTake {
  readonly file: StoredFile;
  readonly offset: number;
  readonly attempt: number;
  readonly contested: boolean;
}

/** One writer of a `ContractUpload`. */
export class ContractWriter {
  #position: number;

  constructor(
    private readonly upload: ContractUpload,
    private readonly writer: StorageWriter,
    offset: number,
  ) {
    this.#position = offset;
  }

  async write(bytes: Buffer, pieceSize = bytes.length): Promise<void> {
    const pieces: Buffer[] = [];
    for (let at = 0; at < bytes.length; at += pieceSize) {
      pieces.push(bytes.subarray(at, at + pieceSize));
    }
    while (pieces.length > 0) await this.writer.write(pieces.splice(0, 4));
    this.#position += bytes.length;
  }

  /** Commits all bytes up to here; it may go on. */
  async commit(): Promise<void> {
    await this.commitLast();
    this.writer.committed?.();
  }

  async commitLast(): Promise<void> {
    this.upload.committed(await this.writer.sync(), this.#position);
  }

  /** Makes all bytes up to here durable, and dies before that is committed. */
  async die(): Promise<void> {
    await this.writer.sync();
  }

  /** False where only the storage can. */
  async finish(): Promise<boolean> {
    if (!this.writer.finish) return false;
    this.upload.committed(await this.writer.finish(), this.#position);
    return true;
  }

  /** Wakes after others have taken the upload: it may fail, but it must not change their bytes. */
  async wake(bytes: Buffer): Promise<void> {
    await this.write(bytes).catch(() => undefined);
    await this.writer.sync().catch(() => undefined);
    await this.close();
  }

  async close(): Promise<void> {
    await this.writer.close();
  }
}

function asStored(state: StorageState | null): StorageState | null {
  return JSON.parse(JSON.stringify(state)) as StorageState | null;
}
