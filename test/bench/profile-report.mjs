import { round } from './support/statistics.mjs';
import { table } from './support/table.mjs';

const MOST_FUNCTIONS = 20;

const percent = (share) => `${Math.round(share * 100)} %`;

/** Of one round, what was profiled in it: what each server waits for, where its time goes. */
export const profiles = (candidates, turns) =>
  candidates.flatMap((candidate) => {
    const { activity, cpuProfiles } = turns.get(candidate);
    return [
      ...(activity ? [waiting(candidate, activity)] : []),
      ...cpuProfiles.map((times, n) => working(candidate, times, n)),
    ];
  });

function waiting({ name }, { threads: [main, ...others], calls }) {
  const requests = calls.find((call) => call.name === 'request')?.count ?? 0;
  const statements = calls.filter((call) => call.name.startsWith('sql '));
  const count = statements.reduce((sum, call) => sum + call.count, 0);
  const rows = calls.map((call) => [
    call.name,
    round(call.count / requests),
    ((call.seconds / call.count) * 1000).toFixed(2),
    ((call.seconds / requests) * 1000).toFixed(2),
  ]);
  return [
    `### ${name}: what it waits for`,
    `Main thread busy ${percent(main)}, its other threads ${others.map(percent).join(', ') || 'none'}. ` +
      `${requests} requests with ${round(count / requests)} statements each.`,
    table(['call', 'a request', 'ms each', 'ms a request'], rows),
  ].join('\n\n');
}

function working({ name }, times, thread) {
  const rows = times.slice(0, MOST_FUNCTIONS).map(([call, seconds]) => [call, seconds.toFixed(3)]);
  return `### ${name}: where the time of thread ${thread} goes\n\n${table(['function', 'self s'], rows)}`;
}
