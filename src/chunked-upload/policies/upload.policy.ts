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
  /** Id of the upload, also before its record is written. */
  readonly id: string;
  /**
   * The client's name for the file. Empty at `begin` if the client has not sent it yet: FilePond sends it
   * with the first chunk. Then the policy is called for `begin` again before the first byte is accepted,
   * with that name, or with the id if there is none.
   */
  readonly filename: string;
  /** Size of the whole file in bytes; null while it is unknown. */
  readonly total: number | null;
  /** Bytes so far, including those that this request announces. */
  readonly size: number;
  /** The type detected from the first bytes; null while there are too few, or if it is unknown. */
  readonly mimeType: string | null;
  readonly ownerType: string | null;
  readonly ownerId: string | null;
  /** Values of the type's `fields`. */
  readonly fields: Readonly<Record<string, unknown>>;
}

/** Nothing: accepted. A sentence: refused with 400 and `{"file": [sentence]}`. */
export type PolicyVerdict = string | null | undefined | void;

/**
 * One rule about uploads. It is called several times for the same upload, because a user may lose a
 * permission half-way.
 *
 * ```ts
 * @Injectable()
 * export class QuotaPolicy extends UploadPolicy {
 *   constructor(private readonly quotas: Quotas) { super(); }
 *
 *   async check({ size, total }: PolicySubject, { creator }: UploadContext) {
 *     // A client may leave `total` out.
 *     const bytes = Math.max(size, total ?? 0);
 *     if (bytes > (await this.quotas.left(creator))) return 'No room left.';
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
