import { parseArgs } from 'node:util';

const USAGE = `npm run bench -- [options]

  --only 8mib,small    scenarios, by their keys in scenarios.mjs
  --candidates a,b     candidates: by name, or all whose name holds it (tus, verified, no checksum)
  --rounds 3           turns of each candidate
  --scale 1            shrinks every size and count; 0.05 is enough to try something out
  --redos 3            how often a turn disturbed by other processes is taken again
  --profile            what each server waits for: threads, statements, calls of the file system
  --cpu-prof           the functions in which its time goes; costs speed

  DATABASE_URL         a Postgres that runs; else an embedded one is started
  BENCH_DIR            on the disk that is to be measured`;

const list = (value) => value?.split(',').map((item) => item.trim()) ?? null;

/** Ends with what is wrong about the command line. */
export function misused(message) {
  console.error(`${message}\n\n${USAGE}`);
  return process.exit(1);
}

function readCommandLine() {
  const text = { type: 'string' };
  const flag = { type: 'boolean', default: false };
  try {
    const { values } = parseArgs({
      options: {
        only: text,
        candidates: text,
        rounds: { ...text, default: '3' },
        scale: { ...text, default: '1' },
        redos: { ...text, default: '3' },
        profile: flag,
        'cpu-prof': flag,
        help: flag,
      },
    });
    if (values.help) {
      console.log(USAGE);
      process.exit();
    }
    return values;
  } catch (error) {
    return misused(error.message);
  }
}

const values = readCommandLine();

/** What the command line says about a run. */
export const settings = {
  scale: Number(values.scale),
  rounds: Number(values.rounds),
  redos: Number(values.redos),
  only: list(values.only),
  candidates: list(values.candidates),
  profile: values.profile,
  cpuProfile: values['cpu-prof'],
};
