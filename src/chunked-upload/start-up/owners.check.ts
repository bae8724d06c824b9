import { type CheckedType, StartUpCheck } from './start-up-check.js';

/** Owners to which every caller may attach files, perhaps because nobody thought of it. */
export class OwnersCheck extends StartUpCheck {
  warning({ type }: CheckedType): string | null {
    const names = type.owners.openToAll.map((name) => `"${name}"`);
    if (names.length === 0) return null;
    return (
      `Anybody may attach files to any ${names.join(' and any ')}. Give each of these owners a ` +
      '"canAttach", or canAttach: () => true if that is meant.'
    );
  }
}
