import { BrokenChunks } from './broken-chunks.js';
import { type ChunkSize } from './chunk-size.js';
import { type Query } from './endpoint.js';
import { readBytes } from './file-bytes.js';
import { type FileChecksum } from './file-checksum.js';
import { Lifetime } from './lifetime.js';
import { type RemoteUploads } from './remote-uploads.js';
import { ownUploads } from './own-uploads.js';
import { type Representation } from './representation.js';
import { UnansweredBegin } from './unanswered-begin.js';
import { UploadError } from './upload-error.js';
import { type Fingerprint, type UploadMemory } from './upload-memory.js';

/** What a transfer works with. */
export interface TransferTools {
  readonly remote: RemoteUploads;
  readonly memory: UploadMemory;
  readonly fingerprint: Fingerprint;
  readonly chunkSize: ChunkSize;
  /** `null` where the server wants no sum. */
  readonly checksum: FileChecksum | null;
  readonly fields: Query;
}

/** Who wants to know how a transfer gets on. */
export interface TransferListener {
  /** The server holds `offset` bytes. */
  committed(offset: number): void;
  /** `sent` bytes are there or under way. */
  moved(sent: number): void;
  /** Everything has arrived. */
  completing(): void;
}

/**
 * The way of one file to the server: where it stands, and the next request from there. It makes
 * one attempt at a time and leaves to its user when to make another.
 */
export class Transfer {
  /** The upload on the server; unknown until the first chunk has been answered. */
  private id: string | null = null;
  /** Bytes that the server holds, as far as is known. */
  private offset = 0;
  /** Whether `offset` is what the server says, and not from before a request that failed. */
  private certain = true;
  private readonly unanswered: UnansweredBegin;
  /** Whether time has passed without a sign that the upload still exists. */
  private stale = false;
  private readonly life = new Lifetime();
  private finishing = false;
  /** Whether the server holds other bytes than those of the file. */
  private spoilt = false;
  private readonly broken = new BrokenChunks();
  /** Whether an earlier visit has begun it. */
  readonly isResumed: boolean;

  constructor(
    private readonly file: Blob,
    private readonly tools: TransferTools,
    private readonly listener: TransferListener,
  ) {
    this.unanswered = new UnansweredBegin(tools.fingerprint, tools.memory);
    const remembered = tools.memory.find(tools.fingerprint);
    this.isResumed = remembered !== null;
    if (!remembered) return;
    this.identify(remembered.id);
    this.doubt();
  }

  /** Whether the request is on its way that completes the upload, if it arrives. */
  get isFinishing(): boolean {
    return this.finishing;
  }

  /** Whether the server holds all bytes, so that the upload may be complete. */
  get hasAll(): boolean {
    return this.offset === this.file.size;
  }

  /**
   * Goes from where the server stands to the end.
   *
   * @returns what the server's completion answers
   * @throws UploadError, or the signal's reason
   */
  async attempt(signal: AbortSignal): Promise<unknown> {
    this.broken.rest();
    if (this.spoilt) await this.startOver(signal);
    if (this.file.size === 0) return this.sendEmpty(signal);
    await this.locate(signal);
    while (this.offset < this.file.size) await this.sendChunk(signal);
    return this.complete(signal);
  }

  /** Says that time has passed, so that the server may stand elsewhere or know nothing any more. */
  doubt(): void {
    this.certain = false;
    this.stale = true;
  }

  /**
   * Changes what made an attempt fail, where that can be changed.
   *
   * @returns whether another attempt can follow at once
   * @throws UploadError `unreadable`, where the file is the reason
   */
  async overcome(error: unknown): Promise<boolean> {
    if (!(error instanceof UploadError)) return false;
    switch (error.code) {
      case 'too-large':
        return this.tools.chunkSize.shrink(this.end() - this.offset);
      case 'gone':
        return this.beginAnew(error);
      case 'network':
        // Browsers report a file that changed under their hands as a broken connection.
        await readBytes(this.file, this.offset, this.offset + 1);
        this.tools.chunkSize.shrink(this.broken.broke(this.offset), 'for now');
        return false;
      default:
        return false;
    }
  }

  /**
   * Removes what there is on the server, unless it is complete.
   *
   * @returns `kept`: it is complete; a further attempt is told what its completion answered
   */
  async discard(signal: AbortSignal): Promise<'kept' | 'removed'> {
    this.forget();
    await this.findLost(signal);
    if (this.id !== null) {
      const outcome = await this.tools.remote.discard(this.id, this.file.size, { signal });
      if (outcome === 'kept') return outcome;
    }
    // What was found as lost has been remembered meanwhile.
    this.forget();
    this.reset();
    return 'removed';
  }

  /** Makes sure that what comes later of this file does not run into the same refusal again. */
  giveUp({ code }: UploadError): void {
    this.forget();
    this.unanswered.settle();
    if (code === 'gone') this.reset();
    // What else is refused at the end can be asked again, without sending the file again.
    this.spoilt = code === 'checksum-mismatch';
  }

  private async startOver(signal: AbortSignal): Promise<void> {
    await this.discard(signal);
    this.tools.checksum?.reset();
    this.spoilt = false;
    this.listener.committed(0);
  }

  private forget(): void {
    this.tools.memory.forget(this.tools.fingerprint);
  }

  /** An upload that vanished under way was removed by somebody; only an old one may be replaced. */
  private beginAnew(error: UploadError): boolean {
    if (this.id === null || !(this.stale || this.life.hasEndedUnseen(error))) return false;
    this.forget();
    this.reset();
    this.listener.committed(0);
    return true;
  }

  private reset(): void {
    this.unanswered.settle();
    if (this.id !== null) ownUploads.release(this.id);
    this.id = null;
    this.offset = 0;
    this.certain = true;
    this.stale = false;
  }

  private identify(id: string): void {
    this.unanswered.settle();
    this.id = id;
    ownUploads.claim(id);
  }

  private async locate(signal: AbortSignal): Promise<void> {
    if (this.certain) return;
    await this.findLost(signal);
    if (this.id !== null) this.moveTo(await this.tools.remote.offsetOf(this.id, { signal }));
    this.certain = true;
  }

  /** The first chunk may have begun an upload although its answer never came. */
  private async findLost(signal: AbortSignal): Promise<void> {
    if (this.id !== null || !this.unanswered.isOpen) return;
    try {
      const upload = this.unanswered.foundIn(await this.tools.remote.listUnfinished({ signal }));
      if (upload) this.adopt(upload);
    } catch (error) {
      // A host may well not let its callers list: then there is nothing to find.
      if (!(error instanceof UploadError) || error.transient) throw error;
    }
  }

  private async sendChunk(signal: AbortSignal): Promise<void> {
    const { checksum, fields, fingerprint, remote } = this.tools;
    const begin = this.offset;
    const total = this.file.size;
    const end = this.end();
    const chunk = { body: await this.broken.body(this.file, begin, end), begin, end, total };
    const onSent = (bytes: number): void => this.listener.moved(begin + bytes);

    checksum?.advanceTo(end, signal);
    this.certain = false;
    this.broken.sending(end);
    this.life.asking();
    if (this.id === null) {
      this.unanswered.sending(end);
      const query = { ...fields, filename: fingerprint.fileName };
      this.adopt(await remote.begin(chunk, query, { signal, onSent }));
    } else {
      this.adopt(await remote.append(this.id, chunk, { signal, onSent }));
    }
    this.broken.rest();
    this.tools.chunkSize.arrived();
    if (this.offset <= begin) throw UploadError.protocol('The server did not accept any bytes.');
    this.certain = true;
    this.stale = false;
  }

  /** Where the next chunk ends: the byte after its last one. */
  private end(): number {
    return Math.min(this.offset + this.tools.chunkSize.at(this.offset), this.file.size);
  }

  private adopt(upload: Representation): void {
    const { fingerprint, memory } = this.tools;
    if (this.id !== upload.id) this.identify(upload.id);
    this.life.seen(upload.expires_at);
    this.moveTo(upload.offset);
    memory.save({
      ...fingerprint,
      id: upload.id,
      offset: upload.offset,
      expiresAt: upload.expires_at,
    });
  }

  private moveTo(offset: number): void {
    if (offset > this.file.size) {
      throw UploadError.protocol(`The server has ${offset} bytes, more than the file.`);
    }
    this.offset = offset;
    this.listener.committed(offset);
  }

  private async complete(signal: AbortSignal): Promise<unknown> {
    if (this.id === null) throw UploadError.protocol('The server sent no id for the upload.');
    const { id } = this;
    this.listener.completing();
    const sum = await this.sum(signal);
    this.life.asking();
    const answer = await this.finish(() => this.tools.remote.complete(id, sum, { signal }));
    this.forget();
    ownUploads.release(id);
    return answer;
  }

  private async sendEmpty(signal: AbortSignal): Promise<unknown> {
    const { fields, fingerprint, remote } = this.tools;
    this.listener.completing();
    const query = { ...fields, filename: fingerprint.fileName, ...(await this.sum(signal)) };
    return this.finish(() => remote.sendWhole(this.file, query, { signal }));
  }

  private async finish(request: () => Promise<unknown>): Promise<unknown> {
    this.finishing = true;
    try {
      return await request();
    } finally {
      this.finishing = false;
    }
  }

  /** The sum in the field that bears the name of its algorithm. */
  private async sum(signal: AbortSignal): Promise<Readonly<Record<string, string>>> {
    const { checksum } = this.tools;
    return checksum ? { [checksum.algorithm]: await checksum.digest(signal) } : {};
  }
}
