import { parseArgs } from 'node:util';

const USAGE = `npm run bench:growth -- [commits] [--uploads 10000]

  commits          chunks that are committed, 100,000 if not said; 1,000,000 is the whole of it
  --uploads        uploads that they belong to, and leases that are held

  DATABASE_URL     a Postgres that runs; else an embedded one is started`;

function wholeNumber(text) {
  if (/^\d+$/.test(text)) return Number(text);
  console.error(`${text} is no whole number\n\n${USAGE}`);
  return process.exit(1);
}

const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: {
    uploads: { type: 'string', default: '10000' },
    help: { type: 'boolean', default: false },
  },
});
if (values.help) {
  console.log(USAGE);
  process.exit();
}

export const settings = {
  commits: wholeNumber(positionals[0] ?? '100000'),
  uploads: wholeNumber(values.uploads),
  processes: 2,
  /** The run is divided into so many parts, whose speeds are compared. */
  windows: 10,
};
