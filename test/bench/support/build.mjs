import { existsSync } from 'node:fs';

/** Throws where there is nothing to measure. */
export function requireBuild() {
  if (!existsSync(new URL('../../../dist/index.js', import.meta.url))) {
    throw new Error('Run `npm run build` first: it is what the bench measures.');
  }
}
