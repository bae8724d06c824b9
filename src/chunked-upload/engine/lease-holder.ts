import { readFileSync, readlinkSync } from 'node:fs';

/**
 * Names this process in its leases, so that after a crash its successor on the same machine need
 * not wait for them to run out: boot, process namespace, process id and start time together are
 * never given twice. Null where there is no /proc; a lease then simply ends with its time.
 */
export function thisHolder(): string | null {
  const machine = thisMachine();
  const start = startTime(process.pid);
  return machine && start ? `${machine} ${process.pid} ${start}` : null;
}

/**
 * Whether the process certainly runs no longer. What cannot be seen (another machine, a `/proc` that
 * hides it, no descriptor left to read it with) counts as alive: its lease runs out by itself.
 */
export function hasDied(holder: string | null): boolean {
  const [boot, namespace, pid, start] = (holder ?? '').split(' ');
  if (!pid || `${boot} ${namespace}` !== thisMachine()) return false;
  if (!isThere(Number(pid))) return true;
  // The id may have been given to another process since.
  const seen = startTime(Number(pid));
  return seen !== null && seen !== start;
}

/** kill(2), ERRORS: ESRCH alone says that there is no such process. */
function isThere(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    return (error as NodeJS.ErrnoException).code !== 'ESRCH';
  }
}

function thisMachine(): string | null {
  try {
    const boot = readFileSync('/proc/sys/kernel/random/boot_id', 'utf8').trim();
    return `${boot} ${readlinkSync('/proc/self/ns/pid')}`;
  } catch {
    return null;
  }
}

/**
 * In clock ticks since the boot (proc_pid_stat(5), field 22); `over` for a process that has ended and
 * was not waited for; null where it cannot be read.
 */
function startTime(pid: number): string | null {
  try {
    const stat = readFileSync(`/proc/${pid}/stat`, 'utf8');
    // The second field is the program's name in brackets and may hold anything.
    const [state = '', ...fields] = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
    // Of a zombie whose threads are not at their end one may still be in a write.
    const over = (state === 'Z' || state === 'X') && Number(fields[16]) <= 1;
    return over ? 'over' : (fields[18] ?? null);
  } catch {
    return null;
  }
}
