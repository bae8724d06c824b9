import { readFileSync, readdirSync, writeFileSync } from 'node:fs';

/** Linux counts in ticks of a hundredth second, whatever its own timer does. */
const TICKS = 100;
const KERNEL_THREAD = 0x00200000;

/** /proc/<pid>/stat; the command is in brackets and may hold blanks and brackets itself. */
function stat(pid) {
  const line = readFileSync(`/proc/${pid}/stat`, 'utf8');
  const close = line.lastIndexOf(')');
  const fields = line.slice(close + 2).split(' ');
  return {
    pid,
    command: line.slice(line.indexOf('(') + 1, close),
    parent: Number(fields[1]),
    isKernelThread: (Number(fields[6]) & KERNEL_THREAD) !== 0,
    /** User and system time of all threads, and of the children that have ended. */
    seconds: fields.slice(11, 15).reduce((sum, ticks) => sum + Number(ticks), 0) / TICKS,
  };
}

function allStats() {
  return readdirSync('/proc')
    .filter((name) => /^\d+$/.test(name))
    .flatMap((pid) => {
      try {
        return [stat(Number(pid))];
      } catch {
        return []; // ended while we looked
      }
    });
}

const sum = (stats) => stats.reduce((total, { seconds }) => total + seconds, 0);

export const cpuSeconds = (pid) => stat(pid).seconds;

/** Of a process and its children. */
export const familyCpuSeconds = (pid) =>
  sum(allStats().filter((process) => process.pid === pid || process.parent === pid));

export const parentOf = (pid) => stat(pid).parent;
export const commandOf = (pid) => stat(pid).command;

/** Writing back and the like: done for somebody, but charged to nobody. */
export const kernelCpuSeconds = () => sum(allStats().filter((process) => process.isKernelThread));

/** Of the store that is written to, where it runs on this machine. */
const STORES = new Set(['radosgw', 'ceph-osd', 'ceph-mon', 'minio', 'weed', 'garage']);
export const storeCpuSeconds = () => sum(allStats().filter(({ command }) => STORES.has(command)));

/** User, nice and system time of the whole machine, and what its host took away from it. */
export function machineCpuSeconds() {
  const [, user, nice, system, , , , , steal] = readFileSync('/proc/stat', 'utf8')
    .split('\n', 1)[0]
    .split(/\s+/)
    .map(Number);
  return (user + nice + system + steal) / TICKS;
}

/** In MiB, since the last reset. */
export const peakMemory = (pid) =>
  Number(/VmHWM:\s+(\d+)/.exec(readFileSync(`/proc/${pid}/status`, 'utf8'))[1]) / 1024;

export const resetPeakMemory = (pid) => writeFileSync(`/proc/${pid}/clear_refs`, '5');
