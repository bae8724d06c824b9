import { type Cell, PROCESSES, pointName } from './cell.js';
import type { Point } from './fault-plan.js';
import type { FaultSet } from './fault-set.js';
import { textTable } from './text-table.js';

/** `missed`: the operation did not get to the point; the cell says nothing. */
export type Verdict = 'ok' | 'FAIL' | 'missed';

interface Row {
  readonly operation: string;
  readonly point: Point;
  readonly verdicts: Map<string, Verdict>;
}

/** What became of each cell: operation by point by fault. */
export class FaultTable {
  readonly #rows: Row[] = [];

  constructor(private readonly faults: FaultSet) {}

  addPoint(operation: string, point: Point): void {
    this.#rows.push({ operation, point, verdicts: new Map() });
  }

  set(operation: string, { point, fault, processes }: Cell, verdict: Verdict): void {
    const row = this.#rows.find(
      (each) => each.operation === operation && pointName(each.point) === pointName(point),
    );
    row?.verdicts.set(`${fault} ${processes}`, verdict);
  }

  toString(): string {
    const { names, meaning } = this.faults;
    const body = this.#rows.map((row, index) => {
      const isFirst = this.#rows[index - 1]?.operation !== row.operation;
      return [isFirst ? row.operation : '', pointName(row.point), ...this.#cells(row)];
    });
    return [
      textTable(['operation', 'point', ...names], body),
      '',
      `A cell is "${PROCESSES.join(' / ')}": who goes on afterwards. A dot: not in this run's tenth.`,
      ...names.map((fault) => `${fault.padEnd(12)} ${meaning[fault]}`),
    ].join('\n');
  }

  #cells({ point, verdicts }: Row): string[] {
    return this.faults.names.map((fault) => {
      if (!this.faults.applies(fault, point.label)) return '';
      const each = PROCESSES.map((processes) => verdicts.get(`${fault} ${processes}`) ?? '.');
      return each.join('/');
    });
  }
}
