import type { FaultSet } from './fault-set.js';

/** What can go wrong at one point: with one statement, or with one call of the storage. */
const FAULTS = [
  'refused',
  'before',
  'after',
  'unknown',
  'hang before',
  'hang after',
  'late',
  'kill before',
  'kill after',
] as const;
export type Fault = (typeof FAULTS)[number];

/** In the words of the table's legend: of a statement, and of a call of the storage. */
const MEANING: Readonly<Record<Fault, string>> = {
  refused: 'the database answers with an error (57014); the disk is full (ENOSPC)',
  before: 'the connection is cut before the server gets it; EIO before anything was done',
  after: 'the connection is cut after the server did it; EIO after it was done',
  unknown:
    'the connection is cut, and a second later the server does it nevertheless; nobody answers, and ' +
    'it is done when all have gone on without it',
  'hang before': 'nobody gets it and nobody answers; all else on its connection is lost too',
  'hang after': 'it is done, and nobody answers',
  late: 'it is done, and answered 1.5 s later',
  'kill before': 'the process is killed (SIGKILL) before it is done',
  'kill after': 'the process is killed after it was done',
};

/** How late an answer is that comes late, and how late an unknown statement takes effect. */
export const LATE_MS = 1500;
export const UNKNOWN_MS = 1000;

// A storage says that it is full where it is to take bytes, and nowhere else.
const MAY_BE_FULL = ['open', 'write', 'sync', 'finish'];

export const CALL_FAULTS: FaultSet<Fault> = {
  names: FAULTS,
  meaning: MEANING,
  applies: (fault, label) => {
    const call = storageCall(label);
    return call === null || fault !== 'refused' || MAY_BE_FULL.includes(call);
  },
};

export function isLethal(fault: string): boolean {
  return fault.startsWith('kill');
}

export const STORAGE = 'storage.';

/** Null: the label is of a statement. */
function storageCall(label: string): string | null {
  return label.startsWith(STORAGE) ? label.slice(STORAGE.length) : null;
}
