import type { UploadContext } from '../chunked-upload.context.js';

/**
 * When a policy is called: before the first byte (`begin`), when enough bytes have come to recognise
 * their type (`first-bytes`), before each further chunk (`chunk`), and before the upload completes
 * (`complete`).
 */
export type PolicyStage = 'begin' | 'first-bytes' | 'chunk' | 'complete';

/** What is known about an upload when a policy is called. */
export interface PolicySubject {
  readonly stage: PolicyStage;
  /** Id of the upload; a new one has it before its record is written. */
  readonly id: string;
  /**
   * The client's name for the file. Empty when an upload begins whose name nobody has said yet:
   * FilePond says it with the first chunk. `begin` comes again then, before the first byte is taken,
   * with that name, or with the id where there is none.
   */
  readonly filename: string;
  /** Size of the whole file in bytes; null while it is unknown. */
  readonly total: number | null;
  /** How many bytes of the file there are, including those that this request announces. */
  readonly size: number;
  /** The type that the first bytes show; null while too few have come, or if they show none. */
  readonly mimeType: string | null;
  readonly ownerType: string | null;
  readonly ownerId: string | null;
  /** Values of the type's `fields`. */
  readonly fields: Readonly<Record<string, unknown>>;
}

/** Nothing: allowed. A sentence: refused with 400 and `{"file": [sentence]}`. */
export type PolicyVerdict = string | null | undefined | void;

/**
 * One rule about uploads. It is called several times for the same upload, since somebody who was
 * allowed to begin may have lost the right in the meantime.
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
