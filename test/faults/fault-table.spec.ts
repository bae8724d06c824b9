import { afterAll, beforeAll, expect, it } from 'vitest';
import { type Cell, cellName, cellsAt, chosenOf, inTurn } from '../support/faults/cell.js';
import { CALL_FAULTS } from '../support/faults/fault.js';
import { FaultTable } from '../support/faults/fault-table.js';
import { Lanes } from '../support/faults/lanes.js';
import type { Operation } from '../support/faults/operation.js';
import { OPERATIONS } from '../support/faults/operations/index.js';
import { pointsOf, tryCell } from '../support/faults/run-cell.js';
import { Stage } from '../support/faults/stage.js';
import { TURN } from '../support/rounds.js';

// Something goes wrong at each statement and at each call of the storage, one at a time; what must
// hold then, in one process and over two, is in `run-cell.ts`. The table is printed at the end.
//
// A run takes a tenth of the cells, that of FAULT_TURN (0 to 9) or of the day; LONG=1 takes all. Some
// of them: -t 'append' for the operation, and FAULT_CELLS='storage.write / hang' for all of its cells
// whose name, "operation / point / fault / processes", matches.

const MINUTE = 60_000;
/** Cells mostly wait, those of all operations for one of these. */
const LANES = 8;
const LONGEST_OPERATION_MS = process.env.LONG === '1' ? 60 * MINUTE : 20 * MINUTE;

const wanted = process.env.FAULT_CELLS === undefined ? null : new RegExp(process.env.FAULT_CELLS);
const table = new FaultTable(CALL_FAULTS);
let stages = new Lanes<Stage>([]);

beforeAll(async () => {
  stages = new Lanes(await Promise.all(Array.from({ length: LANES }, () => Stage.open())));
});

afterAll(async () => {
  await Promise.all(stages.all.map((stage) => stage.close()));
  const part = process.env.LONG === '1' || wanted ? '' : ` (turn ${TURN} of 0 to 9)`;
  console.log(`What holds after each fault${part}\n\n${table.toString()}`);
});

it.concurrent.each(OPERATIONS)('$name', { timeout: LONGEST_OPERATION_MS }, async (operation) => {
  const { name } = operation;
  const points = chosenOf(await stages.use((stage) => pointsOf(stage, operation)));
  for (const point of points) table.addPoint(name, point);
  const failures: string[] = [];
  const tryOn = async (stage: Stage, cell: Cell): Promise<void> => {
    const { verdict, reason } = await tryCell(stage, operation, cell);
    table.set(name, cell, verdict);
    if (verdict === 'ok') return;
    failures.push(`${cellName(name, cell)}: ${reason}`);
    // At once: all of it may take an hour.
    console.log(`${verdict} ${failures.at(-1)}`);
  };
  const cells = wantedOf(operation, cellsAt(points, CALL_FAULTS));
  await Promise.all(cells.map((cell) => stages.use((stage) => tryOn(stage, cell))));
  expect(failures).toEqual([]);
});

function wantedOf({ name }: Operation, cells: readonly Cell[]): readonly Cell[] {
  if (wanted) return cells.filter((cell) => wanted.test(cellName(name, cell)));
  const shift = OPERATIONS.findIndex((operation) => operation.name === name);
  return inTurn(cells, shift);
}
