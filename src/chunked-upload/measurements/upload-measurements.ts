import { channel } from 'node:diagnostics_channel';
import type { AbstractChunkedUpload } from '../chunked-upload.entity.js';
import {
  CHUNKED_UPLOAD_CHANNELS,
  type ChunkedUploadMeasurementName,
  type ChunkedUploadMeasurements,
  type OperationTimed,
  type UploadRefused,
  type WriterTakenOver,
} from './measurements.js';

class TypedChannel<N extends ChunkedUploadMeasurementName> {
  readonly #channel;

  constructor(name: N) {
    this.#channel = channel(CHUNKED_UPLOAD_CHANNELS[name]);
  }

  get isHeard(): boolean {
    return this.#channel.hasSubscribers;
  }

  publish(message: ChunkedUploadMeasurements[N]): void {
    this.#channel.publish(message);
  }
}

const begun = new TypedChannel('begun');
const completed = new TypedChannel('completed');
const refused = new TypedChannel('refused');
const received = new TypedChannel('received');
const salvaged = new TypedChannel('salvaged');
const takeover = new TypedChannel('takeover');
const waited = new TypedChannel('waited');
const writers = new TypedChannel('writers');
const operations = { storage: new TypedChannel('storage'), database: new TypedChannel('database') };

/** What is measured of one upload type. A message is made only where somebody hears it. */
export class UploadMeasurements {
  constructor(
    /** The upload type: its `path`. */
    private readonly type: string,
  ) {}

  begun({ id, protocol }: AbstractChunkedUpload): void {
    if (begun.isHeard) begun.publish({ type: this.type, id, protocol });
  }

  completed({ id, protocol, offset }: AbstractChunkedUpload): void {
    if (completed.isHeard) completed.publish({ type: this.type, id, protocol, size: offset });
  }

  refused(refusal: Omit<UploadRefused, 'type'>): void {
    if (refused.isHeard) refused.publish({ type: this.type, ...refusal });
  }

  /** `isBroken`: the request that brought them broke off. */
  received(id: string, bytes: number, isBroken: boolean): void {
    if (received.isHeard) received.publish({ type: this.type, id, bytes });
    if (isBroken && salvaged.isHeard) salvaged.publish({ type: this.type, id, bytes });
  }

  takeover(id: string, reason: WriterTakenOver['reason']): void {
    if (takeover.isHeard) takeover.publish({ type: this.type, id, reason });
  }

  waited(id: string, ms: number, granted: boolean): void {
    if (waited.isHeard) waited.publish({ type: this.type, id, ms, granted });
  }

  writers(id: string, running: number): void {
    if (writers.isHeard) writers.publish({ type: this.type, id, running });
  }

  hears(what: 'storage' | 'database'): boolean {
    return operations[what].isHeard;
  }

  timed(what: 'storage' | 'database', operation: Omit<OperationTimed, 'type'>): void {
    operations[what].publish({ type: this.type, ...operation });
  }
}
