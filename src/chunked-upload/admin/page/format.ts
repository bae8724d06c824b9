const UNITS = ['bytes', 'KiB', 'MiB', 'GiB', 'TiB'];

/** A number of bytes for people: `12.3 MiB`. */
export function formatBytes(bytes: number): string {
  const power = bytes < 1 ? 0 : Math.floor(Math.log2(bytes) / 10);
  const unit = Math.min(power, UNITS.length - 1);
  return `${(bytes / 1024 ** unit).toFixed(unit === 0 ? 0 : 1)} ${UNITS[unit] ?? ''}`;
}

const SPANS: readonly (readonly [seconds: number, unit: string])[] = [
  [86_400, 'd'],
  [3600, 'h'],
  [60, 'min'],
];

/** A number of seconds for people, in its largest unit: `3 d`, `2 h`, `5 min`, `4 s`. */
export function formatAge(seconds: number): string {
  const span = SPANS.find(([length]) => seconds >= length);
  return span ? `${Math.floor(seconds / span[0])} ${span[1]}` : `${seconds} s`;
}

/** A moment in the reader's own time zone. */
export function formatTime(iso: string): string {
  return new Date(iso).toLocaleString(undefined, { dateStyle: 'medium', timeStyle: 'medium' });
}

/** The same, short: `1/31/26, 1:29:16 PM`. */
export function formatShortTime(iso: string): string {
  return new Date(iso).toLocaleString(undefined, { dateStyle: 'short', timeStyle: 'medium' });
}

export function formatCount(count: number): string {
  return count.toLocaleString();
}

/** `one upload`, `3 uploads`. */
export function uploadsInWords(count: number): string {
  return count === 1 ? 'one upload' : `${formatCount(count)} uploads`;
}

// Control characters, and those that turn the direction of writing or take no room: with them
// `exe.png` could be shown for `gnp.exe`.
const INVISIBLE = /[\p{Cc}\p{Cf}\u2028\u2029]/gu;

/** A client's words as they are, nothing in them hidden. */
export function visible(text: string): string {
  return text.replaceAll(INVISIBLE, (character) => {
    const code = character.codePointAt(0)?.toString(16).toUpperCase().padStart(4, '0');
    return `⟨U+${code}⟩`;
  });
}
