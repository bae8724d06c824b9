import { median, round } from './support/statistics.mjs';
import { table } from './support/table.mjs';

/** `on` and `off`: to be reached. `ours` and `peer`: the requests that a file takes, if not two. */
const COLUMNS = [
  { title: '8 MiB', scenario: '8mib', on: 1.2, off: 1.3 },
  { title: '1 MiB', scenario: '1mib', on: 1, off: 1 },
  { title: '16 x 4 MiB', scenario: '16x4mib', on: 1.2, off: 1.2 },
  { title: 'small, two requests', scenario: 'small', on: 0.9, off: 0.9 },
  // The peers' usual way takes two requests; the last column is against their own way with one.
  { title: 'small, one', scenario: 'small', ours: 1, on: 1.1, off: 1.1 },
  { title: 'small, one : one', scenario: 'small', ours: 1, peer: 1 },
];

const PEAK_MIB = 130;

const SUMS = [
  { title: 'sum on', verifies: true, others: 'verified ', target: 'on' },
  { title: 'sum off', verifies: false, others: '', target: 'off' },
];

const PEERS = ['tus', 'uploadx'];

/** Ours beside the peers that promise the same, as ratios of medians; what is to be reached. */
export function reportTargets(contests) {
  const columns = COLUMNS.filter(({ scenario }) =>
    contests.some((contest) => contest.scenario.key === scenario),
  );
  const rows = SUMS.flatMap(({ title, verifies, others, target }) => {
    const ours = (key, { scenario, ours: requests = 2 }) =>
      measured(contests, scenario, { system: 'ours', verifies, requests }, key);
    const peer =
      (system) =>
      (key, { scenario, peer: requests = 2 }) =>
        measured(contests, scenario, { system, verifies, requests }, key);
    return [
      ...PEERS.map((system) => [
        `${title} : ${others}${system}`,
        (column) => ours('throughput', column) / peer(system)('throughput', column),
      ]),
      [`target, ${title}`, (column) => column[target]],
      [`peak MiB, ${title} (at most ${PEAK_MIB})`, (column) => ours('memory', column)],
      ...PEERS.map((system) => [
        `peak MiB, ${others}${system}`,
        (column) => peer(system)('memory', column),
      ]),
    ];
  });
  const cells = rows.map(([title, valueOf]) => [
    title,
    ...columns.map((column) => shown(valueOf(column))),
  ]);
  const header = ['', ...columns.map(({ title }) => title)];
  return columns.length > 0 ? `\n## Against the targets\n\n${table(header, cells)}` : '';
}

/** The median of the candidate that fits; what does not sync although it can is none. */
function measured(contests, key, wanted, value) {
  const { candidates, rounds } = contests.find(({ scenario }) => scenario.key === key);
  const candidate = candidates
    .filter(({ options }) => options.fsync !== false)
    .find((each) => Object.entries(wanted).every(([name, property]) => each[name] === property));
  return candidate ? median(rounds.map((turns) => turns.get(candidate)[value])) : NaN;
}

const shown = (value) => (Number.isFinite(value) ? round(value) : '');
