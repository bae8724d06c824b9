import { cpus, release } from 'node:os';
import { isOurs } from './candidates.mjs';
import { profiles } from './profile-report.mjs';
import { settings } from './settings.mjs';
import { median, range, round } from './support/statistics.mjs';
import { table } from './support/table.mjs';

/** What was measured on, and how to read it. */
export function heading() {
  const [{ model }, { length }] = [cpus()[0], cpus()];
  return [
    '# Benchmark',
    '',
    `Node ${process.version}, Linux ${release()}, ${length} × ${model}, scale ${settings.scale}, ` +
      `medians of ${settings.rounds} rounds (lowest to highest). CPU is that of the server process, ` +
      'memory its peak. Ours hashes (MD5) and syncs; the others do neither, but for those that are ' +
      'verified: they read the file back at its end. Differences under 20 % are noise.',
    ...(settings.profile || settings.cpuProfile ? ['', '**Profiled: slower than usual.**'] : []),
  ].join('\n');
}

export function report({ scenario, candidates, rounds, disturbed }) {
  const of = (candidate, key) => rounds.map((turns) => turns.get(candidate)[key]);
  const parts = [`## ${scenario.title}`, results(scenario, candidates, of)];
  const ratios = ratiosToOthers(candidates, of);
  if (ratios) parts.push(ratios);
  if (disturbed.redone > 0) {
    parts.push(
      `${disturbed.redone} turns were taken again because other processes used more than 15 % of ` +
        `the CPU; ${disturbed.kept} stayed disturbed and count with the least disturbed try.`,
    );
  }
  return [...parts, ...profiles(candidates, rounds.at(-1))].join('\n\n');
}

const withRange = (values) => `${round(median(values))} (${range(values)})`;
const ofMedian = (values) => (values.includes(null) ? '' : round(median(values)));

const EFFORT = [
  ['CPU s', 'cpu', ofMedian],
  ['Postgres CPU s', 'postgresCpu', ofMedian],
  ['peak MiB', 'memory', ofMedian],
];

const TRAFFIC = [
  ['requests', 'requests', ofMedian],
  ['a chunk', 'requestsEach', ofMedian],
  ['MiB sent', 'sentMiB', ofMedian],
];

const columnsOf = ({ unit, trickling, onStore }) =>
  trickling
    ? [
        [`${unit} alone`, 'alone', withRange],
        ['beside', 'throughput', withRange],
        ['beside : alone', 'share', ofMedian],
        ['held KiB a connection', 'heldEach', withRange],
        ['memory KiB a connection', 'memoryEach', withRange],
        ...EFFORT,
      ]
    : [[unit, 'throughput', withRange], ...EFFORT, ...(onStore ? TRAFFIC : [])];

function results(scenario, candidates, of) {
  const columns = columnsOf(scenario);
  const rows = candidates.map((candidate) => [
    candidate.name,
    ...columns.map(([, key, show]) => show(of(candidate, key))),
  ]);
  return table(['', ...columns.map(([title]) => title)], rows);
}

/** Of medians: each of ours by those that take as many requests and verify no more. */
function ratiosToOthers(candidates, of) {
  const isComparable = (ours, other) =>
    !isOurs(other) &&
    (other.requests === null || other.requests === ours.requests) &&
    (ours.verifies || !other.verifies);
  const rows = candidates.filter(isOurs).flatMap((ours) =>
    candidates
      .filter((other) => isComparable(ours, other))
      .map((other) => {
        const ratio = (key) => round(median(of(ours, key)) / median(of(other, key)));
        // The disk rows have no server whose effort could be compared.
        const effort = other.system ? [ratio('cpu'), ratio('memory')] : ['', ''];
        return [`${ours.name} : ${other.name}`, ratio('throughput'), ...effort];
      }),
  );
  return rows.length > 0 && table(['ours : other', 'throughput', 'CPU', 'memory'], rows);
}
