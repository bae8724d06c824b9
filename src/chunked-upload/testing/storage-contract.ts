import assert from 'node:assert/strict';
import { createHash, randomBytes, randomUUID } from 'node:crypto';
import { ChunkedUploadError } from '../chunked-upload.errors.js';
import type {
  ByteRange,
  StorageProvider,
  StorageState,
  StoredFile,
} from '../storage/storage.provider.js';

/** The two functions that vitest, jest, mocha and node:test have in common. */
export interface TestFramework {
  readonly describe: (name: string, define: () => void) => unknown;
  readonly it: (name: string, run: () => Promise<void>) => unknown;
}

const MIB = 1024 * 1024;
const LARGEST_STATE = 8 * 1024;

/**
 * What every storage must do, as tests: `describeStorageContract({ describe, it }, 'my storage',
 * () => new MyStorage())`. `create` is asked for a fresh provider over the same store again and
 * again: nothing that matters may live in the provider.
 */
export function describeStorageContract(
  { describe, it }: TestFramework,
  name: string,
  create: () => StorageProvider | Promise<StorageProvider>,
): void {
  describe(`${name} keeps the storage contract`, () => {
    it('gives back what was written, through several buffers and writes', async () => {
      const upload = new ContractUpload(create);
      const bytes = randomBytes(3 * MIB + 17);
      await upload.append(bytes, 64 * 1024);
      await upload.finish(bytes.length);
      await upload.holds(bytes);
    });

    it('continues at the committed offset, in another provider', async () => {
      const upload = new ContractUpload(create);
      const bytes = randomBytes(700_001);
      for (let at = 0; at < bytes.length; at += 100_000) {
        await upload.append(bytes.subarray(at, at + 100_000));
      }
      await upload.finish(bytes.length);
      await upload.holds(bytes);
    });

    it('writes over what a writer left that never committed', async () => {
      const upload = new ContractUpload(create);
      const bytes = randomBytes(300_000);
      await upload.append(bytes.subarray(0, 100_000));
      await upload.abandon(randomBytes(250_000));
      await upload.append(bytes.subarray(100_000));
      await upload.finish(bytes.length);
      await upload.holds(bytes);
    });

    it('leaves out of the file what was never committed at its end', async () => {
      const upload = new ContractUpload(create);
      const bytes = randomBytes(100_000);
      await upload.append(bytes);
      await upload.abandon(randomBytes(50_000));
      await upload.finish(bytes.length);
      await upload.holds(bytes);
    });

    it('begins anew over a first chunk that was never committed', async () => {
      const upload = new ContractUpload(create);
      const bytes = randomBytes(1000);
      await upload.abandon(randomBytes(5000));
      await upload.append(bytes);
      await upload.finish(bytes.length);
      await upload.holds(bytes);
    });

    it('finishes again, with the state from before and after, to the same file', async () => {
      const upload = new ContractUpload(create);
      const bytes = randomBytes(10_000);
      await upload.append(bytes);
      const before = upload.state;
      await upload.finish(bytes.length);
      await upload.finish(bytes.length);
      upload.state = before;
      await upload.finish(bytes.length);
      await upload.holds(bytes);
    });

    it('keeps an empty file', async () => {
      const upload = new ContractUpload(create);
      await upload.append(Buffer.alloc(0));
      await upload.finish(0);
      await upload.holds(Buffer.alloc(0));
    });

    it('reads ranges, first and last byte included', async () => {
      const upload = new ContractUpload(create);
      const bytes = randomBytes(300_000);
      await upload.append(bytes);
      await upload.finish(bytes.length);
      const ranges = [
        { start: 0, end: 0 },
        { start: 299_999, end: 299_999 },
        { start: 65_535, end: 200_000 },
      ];
      for (const { start, end } of ranges) {
        assert.ok((await upload.read({ start, end })).equals(bytes.subarray(start, end + 1)));
      }
    });

    it('works with one key for both states', async () => {
      const upload = new ContractUpload(create, true);
      const bytes = randomBytes(20_000);
      await upload.append(bytes.subarray(0, 5000));
      await upload.append(bytes.subarray(5000));
      await upload.finish(bytes.length);
      await upload.finish(bytes.length);
      await upload.holds(bytes);
    });

    it('refuses to continue where bytes are missing', async () => {
      const upload = new ContractUpload(create);
      await upload.append(randomBytes(1000));
      await upload.remove();
      await isMissing(upload.append(randomBytes(10)));
      await isMissing(upload.finish(1000));
    });

    it('refuses to read what is not there before the first byte', async () => {
      const upload = new ContractUpload(create);
      await isMissing(upload.read());
      await upload.append(randomBytes(1000));
      await isMissing(upload.read());
      await upload.finish(1000);
      await upload.remove();
      await isMissing(upload.read());
    });

    it('removes in every state, and again', async () => {
      const upload = new ContractUpload(create);
      await upload.remove();
      await upload.append(randomBytes(1000));
      await upload.remove();
      await upload.remove();
    });

    it('keeps uploads apart', async () => {
      const uploads = [new ContractUpload(create), new ContractUpload(create)];
      const contents = uploads.map(() => randomBytes(50_000));
      await Promise.all(uploads.map((upload, i) => upload.append(contents[i] ?? Buffer.alloc(0))));
      await Promise.all(uploads.map((upload) => upload.finish(50_000)));
      await uploads[0]?.remove();
      await uploads[1]?.holds(contents[1] ?? Buffer.alloc(0));
    });

    it('has a state that survives JSON and does not grow with the chunks', async () => {
      const upload = new ContractUpload(create);
      const bytes = randomBytes(40_000);
      for (let at = 0; at < bytes.length; at += 1000) {
        await upload.append(bytes.subarray(at, at + 1000));
        assert.ok(JSON.stringify(upload.state).length <= LARGEST_STATE);
      }
      await upload.finish(bytes.length);
      await upload.holds(bytes);
    });
  });
}

/** One upload as the engine would carry it: the state goes through JSON, as through the row. */
class ContractUpload {
  state: StorageState | null = null;
  readonly #key: string;
  readonly #finalKey: string;
  #offset = 0;

  constructor(
    private readonly create: () => StorageProvider | Promise<StorageProvider>,
    sameKey = false,
  ) {
    const id = randomUUID();
    this.#key = `contract/${id}.part.bin`;
    this.#finalKey = sameKey ? this.#key : `contract/${id}.done.bin`;
  }

  get #file(): StoredFile {
    return { key: this.#key, finalKey: this.#finalKey, storageState: this.state };
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

async function isMissing(promise: Promise<unknown>): Promise<void> {
  await assert.rejects(
    promise,
    (error) => error instanceof ChunkedUploadError && error.code === 'bytes_missing',
  );
}
