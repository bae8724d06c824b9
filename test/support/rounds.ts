/** How often to repeat: the full number with LONG=1 (`npm run test:long`), else a tenth of it. */
export function rounds(full: number): number {
  return process.env.LONG === '1' ? full : Math.max(1, Math.ceil(full / 10));
}
