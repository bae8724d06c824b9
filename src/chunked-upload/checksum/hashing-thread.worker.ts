import { parentPort } from 'node:worker_threads';
import { hasherOf, hashOn } from './hasher.js';
import type { HashingJob, HashingReply } from './hashing-thread.messages.js';
import { bytesIn } from './slab-pool.js';

/** Where each session has come that may have more jobs on their way. */
const states = new Map<number, Uint8Array>();

async function carryOut(job: HashingJob): Promise<void> {
  for (const session of job.forget) states.delete(session);
  const hasher = await hasherOf(job.algorithm);
  const before = job.state === undefined ? states.get(job.session) : job.state;
  // The thread ends with this, and its jobs are done again elsewhere.
  if (before === undefined) throw new Error('A job came without a state to go on from');
  const after = hashOn(hasher, before, job.slabs.map(bytesIn));
  states.set(job.session, after);
  reply(after);
}

function reply(message: HashingReply): void {
  parentPort?.postMessage(message);
}

// One after the other: making a hasher is asynchronous, and nothing may overtake it.
let last: Promise<void> = Promise.resolve();
parentPort?.on('message', (job: HashingJob) => {
  last = last.then(() => carryOut(job));
});
reply('ready');
