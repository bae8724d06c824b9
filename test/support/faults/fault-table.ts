import { type Cell, PROCESSES, pointName } from './cell.js';
import { FAULTS, MEANING, applies } from './fault.js';
import type { Point } from './fault-plan.js';

/** `missed`: the operation did not get to the point; the cell says nothing. */
export type Verdict = 'ok' | 'FAIL' | 'missed';

/** What became of each cell: operation by point by fault. */
export class FaultTable {
  readonly #rows: { operation: string; point: Point; verdicts: Map<string, Verdict> }[] = [];

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
    const head = ['operation', 'point', ...FAULTS];
    const body = this.#rows.map((row, index) => {
      const isFirst = this.#rows[index - 1]?.operation !== row.operation;
      return [isFirst ? row.operation : '', pointName(row.point), ...cells(row)];
    });
    const widths = head.map((_, column) =>
      Math.max(...[head, ...body].map((line) => line[column]?.length ?? 0)),
    );
    const line = (fields: string[]) =>
      fields.map((field, column) => field.padEnd(widths[column] ?? 0)).join('  ');
    const legend = FAULTS.map((fault) => `${fault.padEnd(12)} ${MEANING[fault]}`);
    return [
      line(head),
      line(widths.map((width) => '-'.repeat(width))),
      ...body.map(line),
      '',
      `A cell is "${PROCESSES.join(' / ')}": who goes on afterwards. A dot: not in this run's tenth.`,
      ...legend,
    ].join('\n');
  }
}

function cells({ point, verdicts }: { point: Point; verdicts: Map<string, Verdict> }): string[] {
  return FAULTS.map((fault) => {
    if (!applies(fault, point.label)) return '';
    const each = PROCESSES.map((processes) => verdicts.get(`${fault} ${processes}`) ?? '.');
    return each.join('/');
  });
}
