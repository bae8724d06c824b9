import { cpus, release } from 'node:os';
import { round } from '../support/statistics.mjs';
import { table } from '../support/table.mjs';

const number = (value) => value.toLocaleString('en');
const mebibytes = (bytes) => `${round(bytes / 1024 / 1024)} MiB`;
const percent = ({ all, hot }) => (all > 0 ? `${round((hot / all) * 100)} %` : '');
const milliseconds = (mean, longest) => `${round(mean)} ms, at most ${round(longest)}`;

/** What is to be reached beside what was measured, and where that comes from. */
export function report({ commits, uploads, processes }, committed, leases) {
  const [{ model }, { length }] = [cpus()[0], cpus()];
  return [
    '# Growth',
    `Node ${process.version}, Linux ${release()}, ${length} × ${model}. ${number(commits)} chunk ` +
      `commits over ${number(uploads)} unfinished uploads in ${processes} processes, then ` +
      `as many leases in one: at the end ${number(leases.held)} were running, ` +
      `${number(leases.lost)} were lost.`,
    table(['', 'measured', 'target'], results(uploads, committed, leases)),
    details(committed, leases),
    table(
      ['part', 'commits/s', 'others'],
      committed.parts.map(({ speed, othersShare }, n) => [
        String(n + 1),
        round(speed),
        `${Math.round(othersShare * 100)} %`,
      ]),
    ),
  ].join('\n\n');
}

function results(uploads, { parts, after, updates }, { inProcess, atDatabase, updates: renewed }) {
  const renewal = `renewal of ${number(uploads)} leases`;
  return [
    ['commits/s, last part : first', round(parts.at(-1).speed / parts[0].speed), '0.9 to 1.1'],
    ['table : what its rows need', round(after.table / after.needed), 'at most 2'],
    ['HOT updates', percent(updates), 'at least 95 %'],
    [
      `${renewal}, at the database`,
      atDatabase ? milliseconds(atDatabase.mean, atDatabase.longest) : 'not counted there',
      'under 200 ms',
    ],
    [
      `${renewal}, in the process`,
      milliseconds((inProcess.seconds / inProcess.count) * 1000, inProcess.longest * 1000),
      '',
    ],
    ['HOT updates of renewals', percent(renewed), ''],
  ];
}

function details({ before, after, updates, statements }, { inProcess, atDatabase }) {
  return [
    `The table has ${mebibytes(after.table)} (${after.options ?? 'no storage parameters'}), its rows ` +
      `need ${mebibytes(after.needed)}; ${mebibytes(after.beside)} lie beside it; its indexes grew ` +
      `from ${mebibytes(before.indexes)} to ${mebibytes(after.indexes)}.`,
    `A commit took ${round(statements)} statements; there were ${number(updates.all)} updates.`,
    `The renewal: ${inProcess.count} in 10 s` +
      (atDatabase ? `, ${round(atDatabase.rows / atDatabase.calls)} rows each` : '') +
      `, \`${inProcess.name}\``,
  ].join(' ');
}
