import { TURN, rounds } from '../rounds.js';
import type { FaultSet } from './fault-set.js';
import type { Point } from './fault-plan.js';

/** Who goes on after the fault: the process that met it, or another one. */
export const PROCESSES = ['one process', 'two'] as const;
export type Processes = (typeof PROCESSES)[number];

export interface Cell {
  readonly point: Point;
  readonly fault: string;
  readonly processes: Processes;
}

// Of what is asked for again and again the first, the one in the middle and the last.
const MOST_ALIKE = 3;
const TENTHS = 10;

/** Of the points that an operation meets those at which something goes wrong, in their order. */
export function chosenOf(met: readonly Point[]): Point[] {
  return met.filter((point) => isChosen(point, met));
}

/** All that can go wrong at these points. */
export function cellsAt(points: readonly Point[], faults: FaultSet): Cell[] {
  return faults.names.flatMap((fault) =>
    points
      .filter(({ label }) => faults.applies(fault, label))
      .flatMap((point) => PROCESSES.map((processes) => ({ point, fault, processes }))),
  );
}

/**
 * With LONG=1 all of them, else a tenth of them and at least one of each fault. `shift` keeps one
 * operation from being cut as the next one is.
 */
export function inTurn(cells: readonly Cell[], shift: number): readonly Cell[] {
  if (rounds(TENTHS) === TENTHS) return cells;
  const faults = [...new Set(cells.map(({ fault }) => fault))];
  return faults.flatMap((fault, index) => {
    const alike = cells.filter((cell) => cell.fault === fault);
    const from = TURN + shift + index * 3;
    const tenth = alike.filter((_, place) => (place + from) % TENTHS === 0);
    return tenth.length > 0 ? tenth : alike.slice(from % alike.length).slice(0, 1);
  });
}

export function pointName({ label, nth }: Point): string {
  return nth === 1 ? label : `${label} #${nth}`;
}

/** For `FAULT_CELLS`, a regular expression. */
export function cellName(operation: string, { point, fault, processes }: Cell): string {
  return `${operation} / ${pointName(point)} / ${fault} / ${processes}`;
}

function isChosen({ label, nth }: Point, met: readonly Point[]): boolean {
  const last = met.filter((point) => point.label === label).length;
  const step = Math.max(1, (last - 1) / (MOST_ALIKE - 1));
  return Array.from({ length: MOST_ALIKE }, (_, n) => Math.round(1 + n * step)).includes(nth);
}
