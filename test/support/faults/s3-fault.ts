import {
  S3_FAULTS,
  type S3Call,
  type S3Hook,
  type S3Fault,
  S3PlannedFault,
  type S3Operation,
} from 'nestjs-chunked-upload/testing';
import { LATE_MS } from './fault.js';
import type { FaultPlan } from './fault-plan.js';
import type { FaultSet } from './fault-set.js';

const KILLS = {
  'kill before': 'the process is killed (SIGKILL) before it is done',
  'kill after': 'the process is killed after it was done',
} as const;

/** The same with each try of the same request, until whoever asked has been answered. */
const LASTING = {
  'refused always': '503 SlowDown however often it is tried',
  'after always': 'it is done, and the connection cut, however often it is tried',
  'hang always': 'no try is answered; all are done when the others have gone on',
} as const;

const MEANING = { ...S3_FAULTS, ...LASTING, ...KILLS };
export type S3CallFault = keyof typeof MEANING;

/** What S3 answers 200 before it knows whether it can be done. */
const LONG_RUNNING: readonly S3Operation[] = [
  'CompleteMultipartUpload',
  'CopyObject',
  'UploadPartCopy',
];
const HAS_ETAG: readonly S3Operation[] = [...LONG_RUNNING, 'UploadPart', 'PutObject'];

const S3 = 's3.';

export const S3_CALL_FAULTS: FaultSet<S3CallFault> = {
  names: Object.keys(MEANING) as S3CallFault[],
  meaning: MEANING,
  applies: (fault, label) => {
    const operation = label.slice(S3.length) as S3Operation;
    if (fault.startsWith('error in 200')) return LONG_RUNNING.includes(operation);
    return fault !== 'empty etag' || HAS_ETAG.includes(operation);
  },
};

export function isOfS3(label: string): boolean {
  return label.startsWith(S3);
}

/** Whether a storage gets over it, so that nobody else hears of it. */
export function isPassing(fault: string): boolean {
  return !/^(hang|kill|.* always$)/.test(fault);
}

/** Lets that go wrong with the requests of one process to a double which is planned for it. */
export class S3FaultLine {
  /** What hangs, or goes wrong again and again. */
  #lasting: { readonly call: S3Call; readonly planned: S3PlannedFault }[] = [];
  #hanging: S3PlannedFault[] = [];

  constructor(
    private readonly plan: FaultPlan,
    /** Whether a request is of the process in which things go wrong. */
    private readonly isMeant: (call: S3Call) => boolean,
  ) {}

  readonly hook: S3Hook = async (call, proceed) => {
    if (!this.isMeant(call)) return proceed();
    const again = this.#lasting.find((each) => isSame(each.call, call));
    if (again) return again.planned.hook(call, proceed);
    const fault = this.plan.meet(S3 + call.operation) as S3CallFault | null;
    if (fault === null) return proceed();
    if (fault === 'kill before' || fault === 'kill after') {
      if (fault === 'kill after') await proceed();
      await this.plan.kill();
      return null;
    }
    const isLasting = fault in LASTING;
    const planned = new S3PlannedFault(kindOf(fault), {
      times: isLasting ? Infinity : 1,
      lateMs: LATE_MS,
    });
    this.#hanging.push(planned);
    if (isLasting) this.#lasting.push({ call, planned });
    return planned.hook(call, proceed);
  };

  /** What goes wrong always does so no longer; what hangs goes on to hang. */
  endLasting(): void {
    this.#lasting = [];
  }

  /** What went without an answer ends at last. */
  release(): void {
    this.endLasting();
    for (const planned of this.#hanging.splice(0)) planned.release();
  }
}

function kindOf(fault: Exclude<S3CallFault, keyof typeof KILLS>): S3Fault {
  if (fault === 'refused always') return 'refused';
  if (fault === 'after always') return 'after';
  return fault === 'hang always' ? 'hang before' : fault;
}

function isSame(one: S3Call, other: S3Call): boolean {
  return (
    one.operation === other.operation &&
    one.key === other.key &&
    one.partNumber === other.partNumber &&
    // What is about a bucket says by these which of its objects it is about.
    one.query.get('prefix') === other.query.get('prefix') &&
    (one.operation !== 'DeleteObjects' || sumOf(one).equals(sumOf(other)))
  );
}

function sumOf({ body }: S3Call): Buffer {
  return body.digest('md5');
}
