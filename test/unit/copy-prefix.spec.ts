import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setImmediate as turn } from 'node:timers/promises';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { CopyTurns } from '../../src/chunked-upload/storage/copy-turns.js';
import { copyPrefix } from '../../src/chunked-upload/storage/local-disk.prefix.js';
import { storedFiles } from '../support/stored-files.js';
import { sample } from '../support/upload-client.js';
import { until } from '../support/waiting.js';

const MIB = 1024 * 1024;

describe('A copy of the first bytes of a file', () => {
  const bytes = sample(4 * MIB);
  let folder: string;
  beforeEach(async () => {
    folder = await mkdtemp(join(tmpdir(), 'copy-'));
    await writeFile(join(folder, 'from'), bytes);
    // A file that is there is written over, and so not even shared where the file system could.
    await writeFile(join(folder, 'to'), 'before');
  });
  afterEach(() => rm(folder, { recursive: true, force: true }));

  const copy = async (turns: CopyTurns, signal?: AbortSignal) =>
    copyPrefix({
      from: join(folder, 'from'),
      to: join(folder, 'to'),
      size: bytes.length - 7,
      durable: false,
      turns,
      signal,
    });

  it('has all of them', async () => {
    await (await copy(new CopyTurns())).close();
    const copied = await readFile(join(folder, 'to'));
    expect(copied.equals(bytes.subarray(0, -7))).toBe(true);
  });

  it('goes no further once nobody waits for it, and leaves nothing', async () => {
    const givenUp = new AbortController();
    let pieces = 0;
    class Watched extends CopyTurns {
      override async take<R>(...[left, signal, piece]: Parameters<CopyTurns['take']>): Promise<R> {
        return super.take(left, signal, async () => {
          const copied = (await piece()) as R;
          pieces += 1;
          if (pieces === 2) givenUp.abort(new Error('nobody waits'));
          return copied;
        });
      }
    }
    await expect(copy(new Watched(), givenUp.signal)).rejects.toThrow('nobody waits');
    expect(pieces).toBe(2);
    expect(await storedFiles(folder)).toEqual(['from']);
  });
});

describe('Pieces of many copies', () => {
  /** One whose end the test says. */
  function pieceOf(turns: CopyTurns, left: number, signal?: AbortSignal) {
    const piece = { begun: false, end: () => undefined as void, done: Promise.resolve() };
    const ended = new Promise<void>((resolve) => {
      piece.end = resolve;
    });
    piece.done = turns.take(left, signal, async () => {
      piece.begun = true;
      await ended;
    });
    return piece;
  }

  it('are copied two at once, those first of which least is left', async () => {
    const turns = new CopyTurns();
    const pieces = [9, 9, 8, 1].map((left) => pieceOf(turns, left));
    const [first, second, large, small] = pieces;
    await turn();
    const begun = () => pieces.map((piece) => piece.begun);
    expect(begun()).toEqual([true, true, false, false]);
    first?.end();
    await until('the next one begins', () => small?.begun === true);
    expect(begun()).toEqual([true, true, false, true]);
    second?.end();
    await until('the last one begins', () => large?.begun === true);
    for (const piece of [large, small]) piece?.end();
    await Promise.all(pieces.map(async (piece) => piece.done));
  });

  it('give their place up with the copy, and hold up nobody', async () => {
    const turns = new CopyTurns();
    const running = [1, 1].map((left) => pieceOf(turns, left));
    const givenUp = new AbortController();
    const waiting = pieceOf(turns, 1, givenUp.signal);
    const next = pieceOf(turns, 2);
    givenUp.abort(new Error('nobody waits'));
    await expect(waiting.done).rejects.toThrow('nobody waits');
    for (const piece of running) piece.end();
    await until('the next one begins', () => next.begun);
    expect(waiting.begun).toBe(false);
    next.end();
    await next.done;
    // All turns are free again.
    const [one, two] = [pieceOf(turns, 1), pieceOf(turns, 1)];
    await until('both begin', () => one.begun && two.begun);
    for (const piece of [one, two]) piece.end();
  });
});
