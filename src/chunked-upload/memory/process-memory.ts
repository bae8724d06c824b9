import { MemoryBudget } from './memory-budget.js';

const MIB = 1024 * 1024;

/** Bytes, where the option `memory` says nothing. */
export const DEFAULT_MEMORY = 128 * MIB;
/** Bytes: what hashing takes, and as much for the bodies. */
export const LEAST_MEMORY = 32 * MIB;

// Of the slabs in which bytes go to the hashing threads: those take what they need of them at once.
const HASHING_MEMORY = 16 * MIB;

/** What all applications of this process share: they share its memory. */
export const processMemory = new MemoryBudget(DEFAULT_MEMORY - HASHING_MEMORY);

/** @param bytes all that may be used, hashing included */
export function limitProcessMemory(bytes: number): void {
  processMemory.limit = bytes - HASHING_MEMORY;
}
