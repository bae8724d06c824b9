import { tmpdir } from 'node:os';

const list = (value) => value?.split(',').map((item) => item.trim()) ?? null;

/** What the environment may change about a run. */
export const settings = {
  /** Shrinks every size and count; 0.05 is enough to try something out. */
  scale: Number(process.env.BENCH_SCALE ?? 1),
  rounds: Number(process.env.BENCH_ROUNDS ?? 3),
  /** Keys of scenarios.mjs, comma separated. */
  scenarios: list(process.env.BENCH_SCENARIOS),
  /** Parts of the names in candidates.mjs, comma separated (`ours,tus`). */
  only: list(process.env.BENCH_ONLY),
  /** How often a turn disturbed by other processes is taken again. */
  redos: Number(process.env.BENCH_REDOS ?? 3),
  /** Set: a CPU profile of each server's timed part; costs speed, so the tables count for less. */
  profile: Boolean(process.env.BENCH_PROFILE),
  /** On the disk that is to be measured. */
  directory: process.env.BENCH_DIR ?? tmpdir(),
  databaseUrl: process.env.DATABASE_URL ?? null,
};
