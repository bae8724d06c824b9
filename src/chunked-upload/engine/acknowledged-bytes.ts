import type { AbstractChunkedUpload } from '../chunked-upload.entity.js';
import { announceProgress } from './announce.js';
import type { FirstBytes } from './first-bytes.js';
import type { Checkpoint, Stored } from './reception.js';
import type { UploadEngine } from './upload-engine.js';
import type { Writer } from './writer.js';

/** What of a row a chunk may change, besides its bytes. */
export interface ChunkFacts {
  /** Null where nobody asks what they are, or where that has been answered. */
  readonly firstBytes: FirstBytes | null;
  readonly mimeType: string | null;
  /** Size of the whole file, if the request said it. */
  readonly total: number | null;
}

/** How far one request's bytes have been acknowledged: at the end, or on the way as well. */
export class AcknowledgedBytes<T extends AbstractChunkedUpload> implements Checkpoint {
  #isComplete = false;

  constructor(
    private readonly engine: UploadEngine<T>,
    private readonly writer: Writer,
    private readonly facts: ChunkFacts,
    /** The committed offset. */
    private offset: number,
    /** Told of each that is committed on the way. */
    private readonly onCheckpoint?: (offset: number) => void,
  ) {}

  /** Whether the last commit has given the lease back. */
  get isComplete(): boolean {
    return this.#isComplete;
  }

  isPossible(): boolean {
    return true;
  }

  /** On the way. */
  async commit(stored: Stored): Promise<T> {
    const upload = await this.#acknowledge(stored, 'checkpoint', false);
    this.onCheckpoint?.(upload.offset);
    return upload;
  }

  /** At the end. `isBroken`: it is less than what was to come. */
  async commitLast(stored: Stored, isBroken: boolean): Promise<T> {
    const upload = await this.#acknowledge(stored, 'commit', isBroken);
    this.#isComplete = true;
    return upload;
  }

  async #acknowledge(
    { offset, checksumState, storageState }: Stored,
    how: 'checkpoint' | 'commit',
    isBroken: boolean,
  ): Promise<T> {
    const { engine, writer } = this;
    const { firstBytes, mimeType, total } = this.facts;
    const beginning = firstBytes?.at(offset) ?? { firstBytes: null, mimeType };
    const progress = { offset, checksumState, storageState, total, ...beginning };
    const { uploadId, lease } = writer;
    const upload = await engine.commit(writer, () => engine.leases[how](uploadId, lease, progress));
    writer.hasCommitted(upload.offset);
    announceProgress(engine, upload, upload.offset - this.offset, isBroken);
    this.offset = upload.offset;
    return upload;
  }
}
