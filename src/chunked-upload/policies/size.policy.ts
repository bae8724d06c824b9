import { ChunkedUploadError } from '../chunked-upload.errors.js';
import type { SizeLimit, SizeLimits, UploadContext } from '../chunked-upload.context.js';
import { type PolicySubject, type PolicyVerdict, UploadPolicy } from './upload.policy.js';

/** How small and how large a file may be: as it is announced, as it grows, and as it is. */
export class SizePolicy extends UploadPolicy {
  constructor(
    private readonly options: { readonly minBytes: SizeLimit; readonly maxBytes: SizeLimit },
  ) {
    super();
  }

  /** What the files of this caller may measure. */
  async limits(context: UploadContext): Promise<SizeLimits> {
    if (context.limits) return checked(await context.limits());
    const [min, max] = await Promise.all([
      resolve(this.options.minBytes, context),
      resolve(this.options.maxBytes, context),
    ]);
    return checked({ min: min ?? 0, max });
  }

  async check(upload: PolicySubject, context: UploadContext): Promise<PolicyVerdict> {
    return this.judge(await this.limits(context), upload);
  }

  /** @throws ChunkedUploadError `too_large`, which has words of its own */
  judge(
    limits: SizeLimits,
    upload: Pick<PolicySubject, 'stage' | 'size' | 'total'>,
  ): PolicyVerdict {
    const { stage, size, total } = upload;
    if (limits.max !== null && Math.max(size, total ?? 0) > limits.max) {
      throw ChunkedUploadError.tooLarge(limits.max);
    }
    const whole = stage === 'complete' ? size : total;
    if (whole === null || whole >= limits.min) return null;
    if (whole === 0) return 'The submitted file is empty.';
    return `The file is too small: ${whole} bytes, at least ${limits.min} are required.`;
  }
}

/** A hook that answers nonsense must not mean that there is no limit. */
function checked({ min, max }: SizeLimits): SizeLimits {
  const isSize = (size: unknown) => Number.isSafeInteger(size) && (size as number) >= 0;
  if (isSize(min) && (max === null || isSize(max))) return { min, max };
  throw new TypeError(
    `A size limit must be a whole number of bytes, or null for none: min ${String(min)}, max ${String(max)}`,
  );
}

async function resolve(limit: SizeLimit, context: UploadContext): Promise<number | null> {
  return typeof limit === 'function' ? limit(context) : limit;
}
