import { setTimeout as sleep } from 'node:timers/promises';
import { Bytes } from './bytes.js';
import { failure, failureWithin200 } from './operations/answers.js';
import type { S3Call, S3Hook, S3Outcome, S3Answer } from './s3-double.types.js';
import { S3Error } from './s3-error.js';

/** What can go wrong with a request. */
export const S3_FAULTS = {
  refused: '503 SlowDown, and nothing was done',
  error: '500 InternalError, and nothing was done',
  'error after': '500 InternalError, and it was done all the same',
  'error in 200': '200 with an error in its body, and nothing was done',
  'error in 200 after': '200 with an error in its body, and it was done all the same',
  before: 'the connection is cut, and nothing was done',
  after: 'the connection is cut, and it was done',
  'hang before': 'no answer; nothing is done before it is released, and everything then',
  'hang after': 'no answer before it is released; it was done',
  late: 'it was done, and is answered late',
  twice: 'it is done twice; answered is the second time',
  'empty etag': 'it is done, and the answer has no ETag',
} as const;
export type S3Fault = keyof typeof S3_FAULTS;

export interface S3FaultOptions {
  /** The first that fails, of those that match; from 1. Default: 1. */
  readonly nth?: number;
  /** How many fail from that one on. Default: 1; `Infinity`: all. */
  readonly times?: number;
  /** Which requests count. Default: all of the operation. */
  readonly match?: (call: S3Call) => boolean;
  /** For `late`: by how much, in milliseconds. Default: 1000. */
  readonly lateMs?: number;
}

/** One planned fault. */
export class S3PlannedFault {
  /** Resolves when the first request meets the fault, before anything is done. */
  readonly met: Promise<S3Call>;
  /** How many requests have met it. */
  count = 0;
  #matched = 0;
  #meet: (call: S3Call) => void = () => undefined;
  #release: () => void = () => undefined;
  readonly #released: Promise<void>;

  constructor(
    private readonly fault: S3Fault,
    private readonly options: S3FaultOptions = {},
  ) {
    this.met = new Promise((resolve) => {
      this.#meet = resolve;
    });
    this.#released = new Promise((resolve) => {
      this.#release = resolve;
    });
  }

  /** Lets the requests that hang go on, late. */
  release(): void {
    this.#release();
  }

  readonly hook: S3Hook = async (call, proceed) => {
    const { match, nth = 1, times = 1 } = this.options;
    if (match && !match(call)) return proceed();
    this.#matched += 1;
    if (this.#matched < nth || this.#matched >= nth + times) return proceed();
    this.count += 1;
    this.#meet(call);
    return this.#fail(proceed);
  };

  async #fail(proceed: () => Promise<S3Outcome>): Promise<S3Outcome> {
    switch (this.fault) {
      case 'refused':
        return failure(new S3Error(503, 'SlowDown', 'Please reduce your request rate.'));
      case 'error':
        return internalError();
      case 'error after':
        await proceed();
        return internalError();
      case 'error in 200':
        return failureWithin200('InternalError');
      case 'error in 200 after':
        await proceed();
        return failureWithin200('InternalError');
      case 'before':
        return null;
      case 'after':
        await proceed();
        return null;
      case 'hang before':
        await this.#released;
        return proceed();
      case 'hang after': {
        const answer = await proceed();
        await this.#released;
        return answer;
      }
      case 'late': {
        const answer = await proceed();
        await sleep(this.options.lateMs ?? 1000);
        return answer;
      }
      case 'twice':
        await proceed();
        return proceed();
      case 'empty etag': {
        const answer = await proceed();
        return answer && withoutETag(answer);
      }
    }
  }
}

function internalError(): S3Answer {
  return failure(new S3Error(500, 'InternalError', 'We encountered an internal error.'));
}

function withoutETag({ status, headers, body }: S3Answer): S3Answer {
  const { etag: _, ...others } = headers;
  const text = body.toString().replace(/<ETag>[^<]*<\/ETag>/, '<ETag></ETag>');
  return { status, headers: others, body: Bytes.of(text) };
}
