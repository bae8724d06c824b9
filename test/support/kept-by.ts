import { setImmediate as turn } from 'node:timers/promises';
import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';

setFlagsFromString('--expose-gc');
const collect = runInNewContext('gc') as () => void;

/** What `make` returns, and the bytes of memory that this keeps. */
export async function keptBy<R>(make: () => R): Promise<{ result: R; bytes: number }> {
  const before = await used();
  const result = make();
  return { result, bytes: (await used()) - before };
}

async function used(): Promise<number> {
  for (let time = 0; time < 3; time += 1) {
    collect();
    await turn();
  }
  const { heapUsed, external } = process.memoryUsage();
  return heapUsed + external;
}
