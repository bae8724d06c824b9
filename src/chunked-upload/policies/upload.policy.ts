import type { UploadContext } from '../chunked-upload.context.js';

/**
 * When a policy is asked: before the first byte (`begin`), when enough bytes have come to know their
 * type (`first-bytes`), before each further chunk (`chunk`), and before the file is complete
 * (`complete`).
 */
export type PolicyStage = 'begin' | 'first-bytes' | 'chunk' | 'complete';

/** What is known of an upload when a policy is asked. */
export interface PolicySubject {
  readonly stage: PolicyStage;
  /** Of the upload; a new one has it before its record is written. */
  readonly id: string;
  /** The client's name for the file. */
  readonly filename: string;
  /** Size of the whole file in bytes; null while nobody has said it. */
  readonly total: number | null;
  /** How many bytes of the file there are, those that this request announces included. */
  readonly size: number;
  /** What the first bytes say they are; null while too few have come, and where they say nothing. */
  readonly mimeType: string | null;
  readonly ownerType: string | null;
  readonly ownerId: string | null;
  /** Values of the type's `fields`. */
  readonly fields: Readonly<Record<string, unknown>>;
}

/** Nothing: agreed. A sentence: refused with 400 and, about the file, these words. */
export type PolicyVerdict = string | null | undefined | void;

/**
 * One rule about uploads. The same upload is judged several times, since who was allowed to begin
 * may have lost the right by now.
 *
 * ```ts
 * @Injectable()
 * export class QuotaPolicy extends UploadPolicy {
 *   constructor(private readonly quotas: Quotas) { super(); }
 *
 *   async check({ total }: PolicySubject, { creator }: UploadContext) {
 *     if (total !== null && total > (await this.quotas.left(creator))) return 'No room left.';
 *   }
 * }
 * ```
 */
export abstract class UploadPolicy {
  /**
   * Returns a sentence to refuse. May throw instead: a `ChunkedUploadError`, or an `HttpException`
   * that becomes the answer.
   */
  abstract check(
    upload: PolicySubject,
    context: UploadContext,
  ): PolicyVerdict | Promise<PolicyVerdict>;
}
