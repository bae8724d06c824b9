const DAY_MS = 86_400_000;

/** Which tenth. Each day another one, unless it is told: after ten days it was all of them. */
export const TURN = Number(process.env.FAULT_TURN ?? Math.floor(Date.now() / DAY_MS) % 10);

/** How often to repeat: the full number with LONG=1 (`npm run test:long`), else a tenth of it. */
export function rounds(full: number): number {
  return process.env.LONG === '1' ? full : Math.max(1, Math.ceil(full / 10));
}
