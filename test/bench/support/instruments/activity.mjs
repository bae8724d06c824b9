import { takeCalls } from './calls.mjs';

const workers = new Set();
process.on('worker', (worker) => {
  workers.add(worker);
  worker.once('exit', () => workers.delete(worker));
});

/** Milliseconds that each thread has worked and waited, and the calls since this was last asked. */
export const activity = () => ({
  threads: [performance, ...[...workers].map((worker) => worker.performance)].map((thread) => {
    const { active, idle } = thread.eventLoopUtilization();
    return { active, idle };
  }),
  calls: takeCalls(),
});

/** The share of the time in which each thread worked, and the calls, between two of them. */
export function activityBetween(before, { threads, calls }) {
  const shares = threads.map(({ active, idle }, n) => {
    const earlier = before.threads[n] ?? { active: 0, idle: 0 };
    const [worked, waited] = [active - earlier.active, idle - earlier.idle];
    return worked / (worked + waited);
  });
  return { threads: shares, calls };
}
