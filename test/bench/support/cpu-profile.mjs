import { readFile, readdir } from 'node:fs/promises';
import { join } from 'node:path';

/** For a server whose time is to be explained; worker threads write a profile each. */
export const cpuProfileFlags = (directory) => [
  '--cpu-prof',
  '--cpu-prof-interval=500',
  `--cpu-prof-dir=${directory}`,
];

const nameOf = ({ functionName, url, lineNumber }) => {
  const file = url.replace(/^.*?\/(?=(node_modules|dist|test)\/)/, '');
  return `${functionName || '(anonymous)'}${file ? ` ${file}:${lineNumber + 1}` : ''}`;
};

/** Seconds by function, without those it called, between two `hrtime`s: V8 has the same clock. */
function selfTimes({ nodes, samples, timeDeltas, startTime }, { from, to }) {
  const names = new Map(nodes.map(({ id, callFrame }) => [id, nameOf(callFrame)]));
  const times = new Map();
  let at = startTime;
  samples.forEach((id, n) => {
    at += timeDeltas[n];
    if (at < Number(from / 1000n) || at > Number(to / 1000n)) return;
    const name = names.get(id);
    times.set(name, (times.get(name) ?? 0) + timeDeltas[n] / 1e6);
  });
  return [...times].toSorted(([, a], [, b]) => b - a);
}

/** One list of [function, seconds] a thread, the longest first. */
export async function readCpuProfiles(directory, window) {
  const names = (await readdir(directory)).filter((name) => name.endsWith('.cpuprofile'));
  const profiles = await Promise.all(
    names.map(async (name) => JSON.parse(await readFile(join(directory, name), 'utf8'))),
  );
  return profiles.map((profile) => selfTimes(profile, window));
}
