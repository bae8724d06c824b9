import { afterAll, beforeAll, expect, it } from 'vitest';
import { type Cell, TURN, cellName, cellsAt, chosenOf, inTurn } from '../support/faults/cell.js';
import { FaultTable, type Verdict } from '../support/faults/fault-table.js';
import { inLanes } from '../support/faults/in-lanes.js';
import { within } from '../support/faults/limits.js';
import type { Operation } from '../support/faults/operation.js';
import { OPERATIONS } from '../support/faults/operations/index.js';
import { pointsOf, runCell } from '../support/faults/run-cell.js';
import { Stage } from '../support/faults/stage.js';

// Something goes wrong at each statement and at each call of the storage, one at a time; what must
// hold then, in one process and over two, is in `run-cell.ts`. The table is printed at the end.
//
// A run takes a tenth of the cells, that of FAULT_TURN (0 to 9) or of the day; LONG=1 takes all. Some
// of them: -t 'append' for the operation, and FAULT_CELLS='storage.write / hang' for all of its cells
// whose name, "operation / point / fault / processes", matches.

const MINUTE = 60_000;
/** Cells mostly wait. */
const LANES = 6;
const TRIES = 3;
const LONGEST_CELL_MS = 3 * MINUTE;
const LONGEST_OPERATION_MS = process.env.LONG === '1' ? 60 * MINUTE : 10 * MINUTE;

const wanted = process.env.FAULT_CELLS === undefined ? null : new RegExp(process.env.FAULT_CELLS);
const table = new FaultTable();
let stages: Stage[] = [];

beforeAll(async () => {
  stages = await Promise.all(Array.from({ length: LANES }, () => Stage.open()));
}, 2 * MINUTE);

afterAll(async () => {
  await Promise.all(stages.map((stage) => stage.close()));
  const part = process.env.LONG === '1' || wanted ? '' : ` (turn ${TURN} of 0 to 9)`;
  console.log(`What holds after each fault${part}\n\n${table.toString()}`);
});

it.each(OPERATIONS)('$name', { timeout: LONGEST_OPERATION_MS }, async (operation) => {
  const [stage] = stages as [Stage];
  const points = chosenOf(await pointsOf(stage, operation));
  for (const point of points) table.addPoint(operation.name, point);
  const failures: string[] = [];
  await inLanes(stages, wantedOf(operation, cellsAt(points)), async (lane, cell) => {
    const { verdict, reason } = await outcome(lane, operation, cell);
    table.set(operation.name, cell, verdict);
    if (verdict === 'ok') return;
    failures.push(`${cellName(operation.name, cell)}: ${reason}`);
    // At once: all of it may take an hour.
    console.log(`${verdict} ${failures.at(-1)}`);
  });
  expect(failures).toEqual([]);
});

function wantedOf({ name }: Operation, cells: readonly Cell[]): readonly Cell[] {
  if (wanted) return cells.filter((cell) => wanted.test(cellName(name, cell)));
  const shift = OPERATIONS.findIndex((operation) => operation.name === name);
  return inTurn(cells, shift);
}

async function outcome(
  stage: Stage,
  operation: Operation,
  cell: Cell,
): Promise<{ verdict: Verdict; reason: string }> {
  for (let tries = 0; tries < TRIES; tries += 1) {
    // What is asked for every second may be asked for once less this time.
    const nth = Math.max(1, cell.point.nth - tries);
    const planned = { ...cell, point: { ...cell.point, nth } };
    try {
      const result = await within(LONGEST_CELL_MS, 'All of it', runCell(stage, operation, planned));
      await stage.reset(result !== 'ok');
      if (result === 'ok') return { verdict: 'ok', reason: '' };
    } catch (error) {
      await stage.reset(true);
      return { verdict: 'FAIL', reason: error instanceof Error ? error.message : String(error) };
    }
  }
  return { verdict: 'missed', reason: 'the operation did not get there' };
}
