import { type QueueItem, type QueueSnapshot } from '../queue/index.js';

const WIDTH = 24;

/** Such as `[=====>   ]  42 %  1.2 GiB of 2.9 GiB  2 of 5 files  31.0 MiB/s  1 min left`. */
export function progressLine(snapshot: QueueSnapshot, now = Date.now()): string {
  const { bytesPerSecond, counts, items, secondsLeft, sent, total } = snapshot;
  const share = total === 0 ? 1 : sent / total;
  const done = Math.floor(share * WIDTH);
  const bar = '='.repeat(done) + (done < WIDTH ? '>' : '');
  const parts = [
    `[${bar.padEnd(WIDTH)}] ${Math.floor(share * 100)
      .toString()
      .padStart(3)} %`,
    `${sizeOf(sent)} of ${sizeOf(total)}`,
  ];
  if (items.length > 1) parts.push(`${counts.complete} of ${items.length} files`);
  const waiting = counts.sending + counts.completing === 0 ? nextToTry(items) : undefined;
  if (waiting) {
    const seconds = Math.max(0, Math.ceil((Number(waiting.nextTryAt) - now) / 1000));
    parts.push(`${printable(waiting.error?.message ?? '')} Next try in ${seconds} s`);
  } else if (bytesPerSecond > 0) {
    parts.push(`${sizeOf(bytesPerSecond)}/s`);
    if (secondsLeft !== null) parts.push(`${timeOf(secondsLeft)} left`);
  }
  return parts.join('  ');
}

/** What a server says, or a file is called, on one line and without what a terminal would obey. */
export function printable(text: string): string {
  return text.replace(/\p{Cc}+/gu, ' ');
}

function nextToTry(items: readonly QueueItem[]): QueueItem | undefined {
  let next: QueueItem | undefined;
  for (const item of items) {
    if (item.nextTryAt !== null && item.nextTryAt < (next?.nextTryAt ?? Infinity)) next = item;
  }
  return next;
}

function sizeOf(bytes: number): string {
  const units = ['bytes', 'KiB', 'MiB', 'GiB', 'TiB'];
  const power = Math.min(Math.floor(Math.log2(Math.max(bytes, 1)) / 10), units.length - 1);
  return `${(bytes / 1024 ** power).toFixed(power === 0 ? 0 : 1)} ${units[power]}`;
}

function timeOf(seconds: number): string {
  if (seconds < 60) return `${Math.ceil(seconds)} s`;
  const minutes = Math.ceil(seconds / 60);
  return minutes < 60 ? `${minutes} min` : `${Math.floor(minutes / 60)} h ${minutes % 60} min`;
}
