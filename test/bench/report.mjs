import { cpus, release } from 'node:os';
import { isPeer } from './candidates.mjs';
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
      'memory its peak. Ours hashes (MD5); none of the others does, and none syncs. Differences ' +
      'under 20 % are noise.',
    ...(settings.profile ? ['', '**Profiled: slower than usual.**'] : []),
  ].join('\n');
}

export function report({ scenario, candidates, rounds, disturbed }) {
  const parts = [`## ${scenario.title}`, results(scenario, candidates, rounds)];
  const ratios = ratiosToPeers(candidates, rounds);
  if (ratios) parts.push(ratios);
  if (disturbed.redone > 0) {
    parts.push(
      `${disturbed.redone} turns were taken again because other processes used more than 15 % of ` +
        `the CPU; ${disturbed.kept} stayed disturbed and count with the least disturbed try.`,
    );
  }
  return [...parts, ...profiles(candidates, rounds)].join('\n\n');
}

function results({ unit }, candidates, rounds) {
  const rows = candidates.map((candidate) => {
    const of = (key) => rounds.map((turns) => turns.get(candidate)[key]);
    const hasPostgres = of('postgresCpu').every((value) => value !== null);
    return [
      candidate.name,
      `${round(median(of('throughput')))} (${range(of('throughput'))})`,
      round(median(of('cpu'))),
      hasPostgres ? round(median(of('postgresCpu'))) : '',
      round(median(of('memory'))),
    ];
  });
  return table(['', unit, 'CPU s', 'Postgres CPU s', 'peak MiB'], rows);
}

/** Ours by peer, pair by pair within each round, so that a slow round harms neither. */
function ratiosToPeers(candidates, rounds) {
  const peers = candidates.filter(isPeer);
  const rows = candidates
    .filter(({ ours }) => ours)
    .flatMap((ours) =>
      peers.map((peer) => {
        const ratio = (key) =>
          round(median(rounds.map((turns) => turns.get(ours)[key] / turns.get(peer)[key])));
        // The disk rows have no server whose effort could be compared.
        const effort = peer.server ? [ratio('cpu'), ratio('memory')] : ['', ''];
        return [`${ours.name} : ${peer.name}`, ratio('throughput'), ...effort];
      }),
    );
  return rows.length > 0 && table(['ours : other', 'throughput', 'CPU', 'memory'], rows);
}

/** Of the last round: where the time of each thread went. */
function profiles(candidates, rounds) {
  const LENGTH = 20;
  return candidates.flatMap((candidate) =>
    rounds
      .at(-1)
      .get(candidate)
      .profiles.map((times, n) => {
        const rows = times.slice(0, LENGTH).map(([name, seconds]) => [name, seconds.toFixed(3)]);
        return `### ${candidate.name}, thread ${n}\n\n${table(['function', 'self s'], rows)}`;
      }),
  );
}
