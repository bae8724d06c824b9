import { HASHING_MEMORY } from '../checksum/slab-pool.js';
import { DownloadMemory } from './download-memory.js';
import { FormMemory } from './form-memory.js';
import { MemoryBudget } from './memory-budget.js';
import { PieceMeter } from './piece-meter.js';
import { StoreMemory } from './store-memory.js';

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
const LEAST_HELD = 4 * MIB;

/** Of the budget, what uploads may hold on their way to a store, where nobody says otherwise. */
const STORES = 1 / 2;
const USUAL_STORES = 64 * MIB;
const LEAST_STORES = 16 * MIB;

// What all applications of this process share: they share its memory and its processors.

export const processMemory = new MemoryBudget(heldOf(DEFAULT_MEMORY, 0));
export const processPieces = new PieceMeter();
export const processForms = new FormMemory(processMemory);
export const processDownloads = new DownloadMemory(processMemory);
export const processStores = new StoreMemory(0);

let budget = DEFAULT_MEMORY;
let isGathering = false;
/** Null: what is usual. */
let wantedForStores: number | null = null;

/** @param bytes what bodies, forms, downloads, stores and hashing may cost the process */
export function limitProcessMemory(bytes: number): void {
  budget = bytes;
  divide();
}

/**
 * To be called by a storage that gathers bytes before it stores them.
 * @param wanted bytes that all of these may hold; null: what is usual
 */
export function gatherForStores(wanted: number | null): StoreMemory {
  isGathering = true;
  if (wanted !== null) wantedForStores = Math.max(wantedForStores ?? 0, wanted);
  divide();
  return processStores;
}

function divide(): void {
  const wanted = wantedForStores ?? Math.min(USUAL_STORES, budget * STORES);
  // As much is left as there has to be without a store.
  const stores = Math.max(LEAST_STORES, Math.min(wanted, budget - LEAST_MEMORY));
  processStores.limit = isGathering ? stores : 0;
  processMemory.limit = heldOf(budget, processStores.limit);
}

/** What stores hold is used again and again, and no garbage. */
function heldOf(bytes: number, stores: number): number {
  return Math.max(LEAST_HELD, (bytes - HASHING_MEMORY - stores) * HELD);
}
