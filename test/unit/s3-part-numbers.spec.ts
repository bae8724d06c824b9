import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import {
  type NumberRun,
  PartNumbers,
  countOf,
  numbersOf,
  reservedNumbers,
  withNumber,
} from '../../src/chunked-upload/storage/s3/part-numbers.js';

const MOST = 10_000;

/** What the row says. */
interface Row {
  readonly next: number;
  readonly reserved: number;
}

/** A writer, for as long as it runs: also when others have taken its place. */
class Writer {
  constructor(
    readonly numbers: PartNumbers,
    readonly attempt: number,
  ) {}
}

describe('Part numbers', () => {
  it('are never given twice, whatever writers do, and whenever those that were replaced wake', () => {
    const step = fc.oneof(
      { weight: 2, arbitrary: fc.constant('take over' as const) },
      { weight: 8, arbitrary: fc.nat(30).map((index) => ({ uses: index })) },
      {
        weight: 3,
        arbitrary: fc.record({
          // What was not answered may have been committed all the same.
          commits: fc.constantFrom(
            'commit',
            'checkpoint',
            'lost checkpoint',
            'unanswered checkpoint',
          ),
          // It shrinks when the size of the file becomes known.
          spare: fc.nat(200),
        }),
      },
    );
    fc.assert(
      fc.property(fc.array(step, { maxLength: 120 }), (steps) => {
        let row: Row = { next: 1, reserved: 12 };
        let attempt = 1;
        const used = new Map<number, Writer>();
        const writers = [new Writer(PartNumbers.shared({ ...row, attempt, most: MOST }), attempt)];
        for (const each of steps) {
          const current = writers.at(-1) as Writer;
          if (each === 'take over') {
            attempt += 1;
            const numbers = PartNumbers.shared({ ...row, attempt, most: MOST });
            writers.push(new Writer(numbers, attempt));
          } else if ('uses' in each) {
            // Any of them, also those that nobody waits for any more.
            const writer = writers[each.uses % writers.length] as Writer;
            const number = writer.numbers.take();
            if (number === null) continue;
            expect(used.has(number), `${number} is another's`).toBe(false);
            used.set(number, writer);
          } else {
            const { commits, spare } = each;
            const state = { next: current.numbers.next, reserved: reservedNumbers(spare) };
            current.numbers.published(state.next, state.reserved);
            if (commits === 'lost checkpoint') continue;
            row = state;
            if (commits === 'checkpoint') current.numbers.committed(state.next, state.reserved);
            else if (commits === 'commit') {
              // It has given the upload back, and is over.
              writers.pop();
              attempt = 1;
              writers.push(new Writer(PartNumbers.shared({ ...row, attempt, most: MOST }), 1));
            }
          }
        }
      }),
      { numRuns: 500 },
    );
  });

  it('of an upload that nobody knows are not limited until others may know of it', () => {
    const numbers = PartNumbers.own(MOST);
    for (let count = 0; count < 100; count += 1) expect(numbers.take()).toBe(count + 1);
    numbers.published(101, 2);
    expect([numbers.take(), numbers.take(), numbers.take()]).toEqual([101, 102, null]);
    numbers.committed(103, 1);
    expect([numbers.take(), numbers.take()]).toEqual([103, null]);
  });

  it('are limited by a state that may have been committed, and by the one before', () => {
    const shared = (reserved: number) =>
      PartNumbers.shared({ next: 10, reserved, attempt: 1, most: MOST });
    const fewer = shared(12);
    fewer.published(10, 1);
    expect([fewer.take(), fewer.take()]).toEqual([10, null]);
    const more = shared(1);
    more.published(10, 12);
    expect([more.take(), more.take()]).toEqual([10, null]);
  });

  it('end where the store has no more', () => {
    const numbers = PartNumbers.own(2);
    expect([numbers.take(), numbers.take(), numbers.take()]).toEqual([1, 2, null]);
  });

  it('leave room for takeovers as long as there is some', () => {
    expect(reservedNumbers(9000)).toBe(12);
    expect(reservedNumbers(100)).toBe(6);
    expect(reservedNumbers(0)).toBe(1);
    expect(reservedNumbers(-5)).toBe(1);
  });

  it('are kept as runs', () => {
    const runs = [1, 2, 3, 16, 17, 40].reduce<readonly NumberRun[]>(withNumber, []);
    expect(runs).toEqual([
      [1, 3],
      [16, 2],
      [40, 1],
    ]);
    expect(countOf(runs)).toBe(6);
    expect([...numbersOf(runs)]).toEqual([1, 2, 3, 16, 17, 40]);
  });
});
