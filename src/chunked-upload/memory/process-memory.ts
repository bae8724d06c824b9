import { HASHING_MEMORY } from '../checksum/slab-pool.js';
import { DownloadMemory } from './download-memory.js';
import { FormMemory } from './form-memory.js';
import { MemoryBudget } from './memory-budget.js';
import { PieceMeter } from './piece-meter.js';

const MIB = 1024 * 1024;

/** Bytes, where the option `memory` says nothing. */
export const DEFAULT_MEMORY = 128 * MIB;
/** Bytes: less would hold less than a MiB for each of a few senders. */
export const LEAST_MEMORY = 32 * MIB;

/**
 * Of what hashing leaves, the part that is held at a time. What has been stored is garbage that V8
 * collects 32 to 64 MiB at a time, and the more is held meanwhile, the longer it lives: with 700
 * senders a process that held 28 MiB grew by 175 MiB in all, one that held 112 by 290.
 */
const HELD = 1 / 4;

// What all applications of this process share: they share its memory and its processors.

export const processMemory = new MemoryBudget(heldOf(DEFAULT_MEMORY));
export const processPieces = new PieceMeter();
export const processForms = new FormMemory(processMemory);
export const processDownloads = new DownloadMemory(processMemory);

/** @param bytes what bodies, forms, downloads and hashing may cost the process */
export function limitProcessMemory(bytes: number): void {
  processMemory.limit = heldOf(bytes);
}

function heldOf(bytes: number): number {
  return (bytes - HASHING_MEMORY) * HELD;
}
