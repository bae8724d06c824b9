import { ChunkedUploadError } from '../chunked-upload.errors.js';
import type { SizeLimits, UploadContext } from '../chunked-upload.context.js';
import { SizePolicy } from '../policies/size.policy.js';
import type { PolicySubject, PolicyVerdict } from '../policies/upload.policy.js';
import type { UploadType } from './upload-type.js';

/** All rules of one upload type: its sizes, and the policies, in their order. */
export class UploadRules {
  readonly #sizes: SizePolicy;

  constructor(private readonly type: UploadType) {
    this.#sizes = new SizePolicy(type);
  }

  async limits(context: UploadContext): Promise<SizeLimits> {
    return this.#sizes.limits(context);
  }

  /**
   * Holds what a request says of sizes against the limits of its caller, which it returns, and those
   * of the storage: that can be told before the upload is looked up.
   */
  async announced(
    stage: 'begin' | 'chunk',
    sizes: { readonly size: number; readonly total: number | null },
    context: UploadContext,
  ): Promise<SizeLimits> {
    for (const size of [sizes.size, sizes.total ?? 0]) {
      if (Number.isSafeInteger(size) && size >= 0) continue;
      throw ChunkedUploadError.malformedRequest('Offset, length and total must be whole numbers');
    }
    const limits = await this.#sizes.limits(context);
    this.#refuse(this.#sizes.judge(limits, { ...sizes, stage }));
    const { largestFile = Number.POSITIVE_INFINITY } = this.type.storage;
    if (Math.max(sizes.size, sizes.total ?? 0) > largestFile) {
      throw ChunkedUploadError.exceedsStorage();
    }
    return limits;
  }

  /**
   * Asks every policy, of an upload without a name those about other things.
   * @throws ChunkedUploadError `invalid_field`, or what a policy throws
   */
  async ask(upload: PolicySubject, context: UploadContext): Promise<void> {
    if (upload.stage === 'complete') this.#refuse(await this.#sizes.check(upload, context));
    const { namePolicies, policies } = this.type;
    const asked = upload.filename === '' ? policies : [...namePolicies, ...policies];
    for (const policy of asked) this.#refuse(await policy.check(upload, context));
  }

  #refuse(verdict: PolicyVerdict): void {
    if (verdict === undefined || verdict === null) return;
    if (typeof verdict !== 'string') {
      throw new TypeError('A policy must return a sentence to refuse, or nothing to agree');
    }
    throw ChunkedUploadError.invalidField(this.type.fieldName, verdict);
  }
}
