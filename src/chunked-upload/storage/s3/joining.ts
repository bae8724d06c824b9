import { ChunkedUploadError } from '../../chunked-upload.errors.js';
import type { StoredFile } from '../storage.provider.js';
import { inLanes } from './in-lanes.js';
import { bytesOf } from './object-bytes.js';
import { BytesPayload, type Payload, ZerosPayload } from './payload.js';
import { joinPlanKey } from './pieces.js';
import type { StoredObject } from './s3-bucket.js';
import { SMALLEST_PART } from './part-plan.js';
import { isPartsRefusal } from './s3-errors.js';
import type { PartId, StoredPart, UploadPlace } from './s3-multipart.js';
import type { S3Parts } from './s3-parts.js';
import type { FinishingRun } from './finishing-run.js';
import type { FinishedState } from './s3-state.js';

/** Parts that are copied at once. */
const AT_ONCE = 16;

type Place = Pick<StoredFile, 'key' | 'finalKey'>;

/** A part of the file: bytes of the object that is made of all parts. */
type Range = readonly [start: number, length: number];

/** How the file lies in that object. */
interface JoinPlan {
  /** Bytes of the object. */
  readonly size: number;
  /** The file's parts, in order. */
  readonly ranges: readonly Range[];
}

/** The multipart upload that cannot be completed with the file's parts alone. */
export interface Unjoinable {
  readonly place: UploadPlace;
  readonly partSize: number;
  /** The parts of the file. */
  readonly wanted: readonly PartId[];
}

/**
 * Makes a file of an upload in which there are parts that are none of it, left by writers that never
 * committed, where a store wants all of them or none. There is no call to remove a part, nor to read
 * one: so the object is made of all, and then made again of what in it is the file. Until then it
 * stands in the file's place, which no record speaks of yet.
 *
 * A plan that is stored before says where the file is in it, for whoever has to go on. Two that join at
 * once may find other parts: only one of their objects is made, and its size is in its plan's name.
 */
export class Joining {
  constructor(private readonly shared: S3Parts) {}

  async join(
    file: Place,
    upload: Unjoinable,
    { identity }: FinishedState,
    run: FinishingRun,
  ): Promise<void> {
    // Some stores want all numbers as well, and a few parts of one size.
    for (const filler of [0, SMALLEST_PART, upload.partSize]) {
      try {
        if (filler > 0) await this.#fill(upload, filler);
        const stored = await this.#allParts(upload);
        const plan = await this.#plan(file, upload, stored);
        const { multipart } = this.shared;
        await run.asking((signal) => multipart.complete(upload.place, stored, signal));
        return await this.#copy(file, plan, identity, run);
      } catch (error) {
        if (!isPartsRefusal(error) || filler === upload.partSize) throw error;
      }
    }
  }

  /** Goes on with a join of which all that is left is `found`. False: it is none. */
  async resume(
    file: Place,
    found: StoredObject,
    { identity }: FinishedState,
    run: FinishingRun,
  ): Promise<boolean> {
    if (found.identity !== identity) return false;
    const plan = await this.#readPlan(file, found.size);
    if (!plan) return false;
    await this.#copy(file, plan, identity, run);
    return true;
  }

  /** Those of the file, unchanged, and all others. */
  async #allParts({ place, wanted }: Unjoinable): Promise<StoredPart[]> {
    const stored = await this.shared.multipart.parts(place);
    const etags = new Map(stored?.map(({ number, etag }) => [number, etag]));
    if (!stored || wanted.some(({ number, etag }) => etags.get(number) !== etag)) {
      throw ChunkedUploadError.unavailable('Another request is completing the file');
    }
    return stored;
  }

  /** Stores where the file will be. */
  async #plan(
    { key }: Place,
    { wanted }: Unjoinable,
    stored: readonly StoredPart[],
  ): Promise<JoinPlan> {
    const numbers = new Set(wanted.map(({ number }) => number));
    const ranges: Range[] = [];
    let size = 0;
    for (const part of stored) {
      if (numbers.has(part.number)) ranges.push([size, part.size]);
      size += part.size;
    }
    const plan = { size, ranges };
    const bytes = Buffer.from(JSON.stringify(plan));
    await this.shared.bucket.put(joinPlanKey(key, size), new BytesPayload([bytes]));
    return plan;
  }

  /** Of the object of so many bytes. */
  async #readPlan({ key }: Place, size: number): Promise<JoinPlan | null> {
    const opened = await this.shared.bucket.get(joinPlanKey(key, size));
    if (!opened) return null;
    const bytes: Buffer[] = [];
    for await (const chunk of bytesOf(opened.body)) bytes.push(chunk);
    return JSON.parse(Buffer.concat(bytes).toString()) as JoinPlan;
  }

  /** Parts of nothing, in place of those that are missing, and of others that are smaller. */
  async #fill({ place, partSize, wanted }: Unjoinable, size: number): Promise<void> {
    const { multipart } = this.shared;
    const stored = (await multipart.parts(place)) ?? [];
    const isFit = new Set(stored.filter((part) => part.size >= size).map(({ number }) => number));
    for (const { number } of wanted) isFit.add(number);
    const most = Math.max(...isFit);
    const payload = new ZerosPayload(Math.min(size, partSize));
    for (let number = 1; number <= most; number += 1) {
      if (!isFit.has(number)) await multipart.uploadPart(place, number, payload);
    }
  }

  async #copy(
    { finalKey }: Place,
    plan: JoinPlan,
    identity: string,
    run: FinishingRun,
  ): Promise<void> {
    const { bucket, multipart } = this.shared;
    const whole = await bucket.head(finalKey);
    if (whole?.identity !== identity || whole.size !== plan.size) {
      throw ChunkedUploadError.unavailable('The parts of the file are not in one object yet');
    }
    const place = { key: finalKey, uploadId: await multipart.create(finalKey, identity) };
    const parts: PartId[] = [];
    await inLanes(plan.ranges.entries(), AT_ONCE, async ([index, range]) => {
      const number = index + 1;
      parts[index] = { number, etag: await this.#copyPart(place, number, whole, range) };
    });
    await run.asking((signal) => multipart.complete(place, parts, signal));
  }

  async #copyPart(
    place: UploadPlace,
    number: number,
    { etag }: StoredObject,
    [start, length]: Range,
  ): Promise<string> {
    const { bucket, multipart } = this.shared;
    const range = { start, end: start + length - 1 };
    const copied = await multipart.copyPart(place, number, { key: place.key, etag, range });
    if (copied !== null) return copied;
    const payload: Payload = {
      length,
      md5: null,
      async *chunks() {
        const opened = await bucket.get(place.key, range, { ifMatch: etag });
        if (!opened) throw ChunkedUploadError.bytesMissing();
        yield* bytesOf(opened.body);
      },
    };
    const sent = await multipart.uploadPart(place, number, payload);
    return sent.etag;
  }
}
