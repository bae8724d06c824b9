import { ChunkSize } from './chunk-size.js';
import { connect } from './connect.js';
import { Endpoint } from './endpoint.js';
import { requireFile } from './file-check.js';
import { FileChecksum } from './file-checksum.js';
import { type ChunkedUploadOptions, DEFAULTS } from './options.js';
import { type Progress, type UploadState } from './progress.js';
import { type Representation } from './representation.js';
import { delayAfter, jittered, sleep } from './retry.js';
import { RunControl } from './run-control.js';
import { SpeedMeter } from './speed-meter.js';
import { Transfer, type TransferListener, type TransferTools } from './transfer.js';
import { tell } from './tell.js';
import { UploadError, type UploadErrorCode } from './upload-error.js';
import { UploadMemory } from './upload-memory.js';
import { ownerIn } from './upload-owner.js';

/** After these the same upload cannot succeed any more: the next start begins a new one. */
const HOPELESS: readonly UploadErrorCode[] = ['checksum-mismatch', 'gone', 'refused'];

const UNDER_WAY: readonly UploadState[] = ['sending', 'retrying', 'completing'];

/**
 * Sends one file in chunks, and goes on after whatever interrupts it: a broken connection, a
 * restarted server, a pause, a reload of the page.
 *
 * ```ts
 * const upload = new ChunkedUpload(file, { endpoint: '/uploads', onProgress: console.log });
 * const { file: url } = await upload.start();
 * ```
 *
 * In Node a file comes from `fs.openAsBlob(path)`; give it a `fileName`.
 *
 * @typeParam Answer what the server's completion answers; the representation unless its
 *   `onComplete` returns something else
 */
export class ChunkedUpload<Answer = Representation> {
  private readonly transfer: Transfer;
  private readonly meter = new SpeedMeter();
  private control = new RunControl();
  private running: Promise<Answer> | null = null;
  private currentState: UploadState = 'idle';
  private sent = 0;
  /** What has been shown of it, which never goes back: what was lost is sent again. */
  private shown = 0;
  /** Bytes that the server is known to hold. */
  private committed = 0;
  /** The most bytes that the server has ever held: more of them are progress. */
  private reached = 0;
  /** Failed attempts since the last progress. */
  private failures = 0;
  private aborting = false;
  /** The end of what was aborted: what is started meanwhile waits for it. */
  private ending: Promise<unknown> = Promise.resolve();
  /** Ends the pause before the next try. */
  private wake = new AbortController();

  /**
   * @throws TypeError when the file is neither a `File` nor a `Blob`, the endpoint is no URL, the
   * checksum no known one, or the file has no name and was given none
   * @throws RangeError when the chunk size is not positive
   */
  constructor(
    private readonly file: Blob,
    private readonly options: ChunkedUploadOptions,
  ) {
    requireFile(file);
    this.transfer = new Transfer(file, toolsFor(file, options), this.listener());
  }

  get state(): UploadState {
    return this.currentState;
  }

  get progress(): Progress {
    const total = this.file.size;
    const { bytesPerSecond } = this.meter;
    const secondsLeft = bytesPerSecond > 0 ? (total - this.sent) / bytesPerSecond : null;
    return { sent: this.shown, total, bytesPerSecond, secondsLeft };
  }

  /**
   * Starts, or continues where an earlier visit stopped. While it runs, and once it has succeeded,
   * another call returns the same promise; after a failure it tries again.
   *
   * @returns the server's response to the completed upload
   * @throws UploadError
   */
  start(): Promise<Answer> {
    this.running ??= this.run().catch((error: unknown) => {
      this.running = null;
      throw error;
    });
    return this.running;
  }

  /** Stops sending. The promise of `start()` stays pending, and the server keeps what it has. */
  pause(): void {
    if (this.running === null || this.currentState === 'complete') return;
    if (this.control.isStopped) return;
    this.control.pause();
    this.enter('paused');
  }

  resume(): void {
    if (this.currentState === 'paused') this.control.resume();
  }

  /** Retries now, if it is waiting for its next try. */
  tryNow(): void {
    this.wake.abort();
  }

  /** Whether it continues an upload of an earlier visit. */
  get isResumed(): boolean {
    return this.transfer.isResumed;
  }

  /**
   * Ends the upload: its bytes are removed from the server, and `start()` rejects. A complete upload stays
   * as it is. If the completing request is on its way, this waits for it, and asks the server if its
   * response got lost. If the upload turns out to be complete, the state is `complete`, and `start()`
   * resolves, at the latest when it is called again.
   *
   * @throws UploadError if the server cannot be reached, or is still completing the upload for a request
   * whose response got lost; can be repeated
   */
  async abort(): Promise<void> {
    if (this.currentState === 'complete') return;
    const end = this.end();
    this.ending = Promise.allSettled([this.ending, end]);
    await end;
  }

  private async end(): Promise<void> {
    this.aborting = true;
    try {
      const reason = UploadError.aborted();
      if (this.transfer.isFinishing) this.control.stopAfterwards(reason);
      else this.control.stop(reason);
      await this.running?.catch(() => undefined);
      if (this.state === 'complete') return;
      const outcome = await this.discard();
      // What was started, and paused, meanwhile waits for this alone.
      if (!this.control.isPaused) this.enter(outcome === 'kept' ? 'complete' : 'aborted');
    } finally {
      this.aborting = false;
    }
  }

  private async discard(): Promise<'kept' | 'removed'> {
    try {
      return await this.transfer.discard(new AbortController().signal);
    } catch (error) {
      this.enter('aborted');
      throw error;
    }
  }

  private async run(): Promise<Answer> {
    const { signal } = this.options;
    const control = new RunControl();
    const stop = (): void => control.stop(UploadError.aborted(signal?.reason));
    this.control = control;
    this.failures = 0;
    signal?.addEventListener('abort', stop);
    if (signal?.aborted) stop();
    try {
      // What the server answers is the server's word; the type is the caller's.
      const answer = (await this.persist(control)) as Answer;
      this.enter('complete');
      return answer;
    } catch (error) {
      if (error instanceof UploadError && HOPELESS.includes(error.code))
        this.transfer.giveUp(error);
      this.sent = this.committed;
      const isAborted = error instanceof UploadError && error.code === 'aborted';
      // Whether it is aborted or complete, `abort()` has to find out first.
      const isOpen = this.aborting && this.transfer.hasAll;
      if (!isOpen) this.enter(isAborted ? 'aborted' : 'failed');
      throw error;
    } finally {
      signal?.removeEventListener('abort', stop);
    }
  }

  /** Attempts until one succeeds or no further one makes sense. */
  private async persist(control: RunControl): Promise<unknown> {
    await this.ending;
    for (;;) {
      await control.passage();
      const { signal } = control;
      this.enter('sending');
      try {
        return await this.transfer.attempt(signal);
      } catch (error) {
        this.meter.reset();
        if (signal.aborted || control.isStopped) this.transfer.doubt();
        else if (!(await this.transfer.overcome(error))) {
          if (!signal.aborted) await this.waitAfter(error, signal);
        }
      }
    }
  }

  private async waitAfter(error: unknown, signal: AbortSignal): Promise<void> {
    const { onRetry, retryDelays } = this.options;
    const planned = delayAfter(this.failures, retryDelays);
    if (!(error instanceof UploadError) || !error.transient || planned === undefined) throw error;
    this.failures += 1;
    const delay = jittered(planned, error.retryAfter);
    this.enter('retrying');
    tell(() => onRetry?.({ error, attempt: this.failures, delay }));
    this.wake = new AbortController();
    await sleep(delay, AbortSignal.any([signal, this.wake.signal]));
  }

  private listener(): TransferListener {
    return {
      committed: (offset) => {
        if (offset > this.reached) this.failures = 0;
        // From the beginning again: what gets there once more is progress.
        this.reached = offset === 0 ? 0 : Math.max(this.reached, offset);
        this.committed = offset;
        this.report(offset);
      },
      moved: (sent) => this.report(sent),
      completing: () => this.enter('completing'),
    };
  }

  private report(sent: number): void {
    this.sent = sent;
    this.shown = Math.max(this.shown, sent);
    this.meter.record(sent);
    tell(() => this.options.onProgress?.(this.progress));
  }

  private enter(state: UploadState): void {
    if (state === this.currentState) return;
    // What was under way when it was paused comes to its end, and must not look like going on.
    if (this.control.isPaused && UNDER_WAY.includes(state)) return;
    this.currentState = state;
    tell(() => this.options.onStateChange?.(state));
  }
}

function toolsFor(file: Blob, options: ChunkedUploadOptions): TransferTools {
  // Whoever writes JavaScript may have left the options out.
  const endpoint = new Endpoint((options as Partial<ChunkedUploadOptions> | undefined)?.endpoint);
  const own = file instanceof File ? file : { name: '', lastModified: 0 };
  const fileName = String(options.fileName ?? own.name).trim();
  if (fileName === '') {
    throw new TypeError('A file without a name needs the option fileName, such as "photo.jpg"');
  }
  const { checksum = DEFAULTS.checksum, chunkSize = DEFAULTS.chunkSize } = options;
  const fields = options.fields ?? {};
  const owner = ownerIn(fields);

  return {
    remote: connect(endpoint, options),
    memory: new UploadMemory(options.storage),
    fingerprint: {
      endpoint: endpoint.toString(),
      scope: options.scope ?? '',
      fileName,
      size: file.size,
      lastModified: own.lastModified,
      ...(options.folder ? { folder: options.folder } : {}),
      ...(owner ? { owner } : {}),
      type: file.type,
    },
    chunkSize: new ChunkSize(chunkSize),
    checksum: checksum === false ? null : new FileChecksum(file, checksum),
    fields,
  };
}
