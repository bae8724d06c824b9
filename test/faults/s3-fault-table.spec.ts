import { type S3Mode, S3_MODES } from 'nestjs-chunked-upload/testing';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { type Cell, cellName, cellsAt, chosenOf } from '../support/faults/cell.js';
import { inLanes } from '../support/faults/in-lanes.js';
import type { Operation } from '../support/faults/operation.js';
import { OPERATIONS } from '../support/faults/operations/index.js';
import { pointsOf, tryCell } from '../support/faults/run-cell.js';
import { S3_CALL_FAULTS } from '../support/faults/s3-fault.js';
import { S3FaultTable } from '../support/faults/s3-fault-table.js';
import { Stage } from '../support/faults/stage.js';
import { TURN } from '../support/rounds.js';

// As in `fault-table.spec.ts`, but something goes wrong with each request to an S3 store, in each
// mode of the double: with one, or with all tries of it. What must hold then is in `run-cell.ts`.
//
// `npm test` leaves it out. A long run tries a tenth of the cells in each of the ten modes, in each mode
// others, by turns those of FAULT_TURN (0 to 9) or of the day: after ten turns it was all cells in all modes.
// Some of them: -t 'append' for the operation, FAULT_MODES='r2,ceph', and FAULT_CELLS for all of the
// cells whose name, "operation / call / fault / processes / mode", matches.

const MINUTE = 60_000;
const MODES = (process.env.FAULT_MODES?.split(',') ?? Object.keys(S3_MODES)) as S3Mode[];
/** Of so many cells of one mode one is run: together the modes run each. */
const SHARE = Object.keys(S3_MODES).length;
/** Kinds of store at once: more, and calls take longer than they may without any fault. */
const LANES = [1, 2, 3];
const LONGEST_OPERATION_MS = 60 * MINUTE;

const wanted = process.env.FAULT_CELLS === undefined ? null : new RegExp(process.env.FAULT_CELLS);
const table = new S3FaultTable(MODES);
let stages: { readonly mode: S3Mode; readonly stage: Stage }[] = [];

beforeAll(async () => {
  stages = await Promise.all(MODES.map(async (mode) => ({ mode, stage: await Stage.open(mode) })));
});

afterAll(async () => {
  await Promise.all(stages.map(({ stage }) => stage.close()));
  console.log(`What holds after each fault of a store (turn ${TURN})\n\n${table.toString()}`);
});

it.each(OPERATIONS)('$name', { timeout: LONGEST_OPERATION_MS }, async (operation) => {
  const failures: string[] = [];
  await inLanes(LANES, stages, async (_, { stage, mode }) => {
    const points = chosenOf(await pointsOf(stage, operation));
    for (const point of points) table.addPoint(operation.name, point);
    for (const cell of chosenCells(operation, mode, cellsAt(points, S3_CALL_FAULTS))) {
      const { verdict, reason } = await tryCell(stage, operation, cell);
      table.set(operation.name, mode, cell, verdict);
      if (verdict === 'ok') continue;
      failures.push(`${nameOf(operation, mode, cell)}: ${reason}`);
      // At once: all of it may take an hour.
      console.log(`${verdict} ${failures.at(-1)}`);
    }
  });
  expect(failures).toEqual([]);
});

function nameOf({ name }: Operation, mode: S3Mode, cell: Cell): string {
  return `${cellName(name, cell)} / ${mode}`;
}

/** Each mode takes others: together they have many of them. */
function chosenCells(operation: Operation, mode: S3Mode, cells: readonly Cell[]): readonly Cell[] {
  if (wanted) return cells.filter((cell) => wanted.test(nameOf(operation, mode, cell)));
  const place = OPERATIONS.indexOf(operation) * 7 + Object.keys(S3_MODES).indexOf(mode) + TURN;
  return cells.filter((_, index) => (index + place) % SHARE === 0);
}
