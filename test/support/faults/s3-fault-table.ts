import type { S3Mode } from 'nestjs-chunked-upload/testing';
import { type Cell, pointName } from './cell.js';
import type { Point } from './fault-plan.js';
import type { Verdict } from './fault-table.js';
import { S3_CALL_FAULTS } from './s3-fault.js';
import { textTable } from './text-table.js';

interface Row {
  readonly operation: string;
  readonly point: string;
  readonly label: string;
  /** By fault and mode. */
  readonly verdicts: Map<string, Verdict[]>;
}

/** What became of each cell: operation by call by fault by mode. */
export class S3FaultTable {
  readonly #rows: Row[] = [];
  /** One letter a mode. */
  readonly #letters: ReadonlyMap<S3Mode, string>;

  constructor(modes: readonly S3Mode[]) {
    const letters = 'abcdefghijklmnopqrstuvwxyz';
    this.#letters = new Map(modes.map((mode, index) => [mode, letters[index] ?? '?']));
  }

  /** Modes meet others: a store without a call is asked for something else. */
  addPoint(operation: string, point: Point): void {
    if (this.#find(operation, point)) return;
    const row = { operation, point: pointName(point), label: point.label, verdicts: new Map() };
    const last = this.#rows.findLastIndex((each) => each.operation === operation);
    this.#rows.splice(last < 0 ? this.#rows.length : last + 1, 0, row);
  }

  set(operation: string, mode: S3Mode, { point, fault }: Cell, verdict: Verdict): void {
    const verdicts = this.#find(operation, point)?.verdicts;
    const key = `${fault} ${mode}`;
    verdicts?.set(key, [...(verdicts.get(key) ?? []), verdict]);
  }

  toString(): string {
    const { names, meaning } = S3_CALL_FAULTS;
    const body = this.#rows.map((row, index) => {
      const isFirst = this.#rows[index - 1]?.operation !== row.operation;
      return [isFirst ? row.operation : '', row.point, ...this.#cells(row)];
    });
    const modes = [...this.#letters].map(([mode, letter]) => `${letter} ${mode}`);
    return [
      textTable(['operation', 'call', ...names], body),
      '',
      `A letter is a mode in which all held: ${modes.join(', ')}.`,
      "In capitals: it did not. In brackets: the call was not met. No letter: not in this run's share.",
      ...names.map((fault) => `${fault.padEnd(18)} ${meaning[fault]}`),
    ].join('\n');
  }

  #find(operation: string, point: Point): Row | undefined {
    return this.#rows.find(
      (each) => each.operation === operation && each.point === pointName(point),
    );
  }

  #cells({ label, verdicts }: Row): string[] {
    return S3_CALL_FAULTS.names.map((fault) => {
      if (!S3_CALL_FAULTS.applies(fault, label)) return '-';
      const each = [...this.#letters].map(([mode, letter]) => {
        const found = verdicts.get(`${fault} ${mode}`) ?? [];
        if (found.length === 0) return '';
        if (found.includes('FAIL')) return letter.toUpperCase();
        return found.includes('ok') ? letter : `(${letter})`;
      });
      return each.join('');
    });
  }
}
