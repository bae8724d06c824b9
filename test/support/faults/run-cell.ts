import { setTimeout as sleep } from 'node:timers/promises';
import { md5, send } from '../chunk-request.js';
import { LATE } from '../in-time.js';
import { type Cell, cellName } from './cell.js';
import { isLethal } from './fault.js';
import { isOfS3, isPassing } from './s3-fault.js';
import type { FaultHost } from './fault-host.js';
import type { Point } from './fault-plan.js';
import { LIMIT_MS, OTHERS_MS, within } from './limits.js';
import type { Verdict } from './fault-table.js';
import type { Operation, Reply } from './operation.js';
import type { PersistentUpload } from './persistent-upload.js';
import { FILES, HOOKED, describe, expectStatus, list, persist, request } from './requests.js';
import type { Stage } from './stage.js';
import { isRenewal } from './statement-label.js';

const TRIES = 3;
const LONGEST_CELL_MS = 180_000;
/** What is left to do when a request has been answered, such as closing a file, comes within. */
const AFTERTHOUGHT_MS = 300;
/** So often is looked again for what should not be there. */
const LATECOMERS = 5;
/** So long a client waits for its answer before it goes on at another process. */
const PATIENCE_MS = 1000;

/** What an operation asks for when nothing goes wrong, which must go well. */
export async function pointsOf(stage: Stage, operation: Operation): Promise<readonly Point[]> {
  const act = await operation.prepare(stage);
  stage.plan.begin(null);
  const reply = expectStatus(operation.name, await act.run(), 200, 204);
  await sleep(AFTERTHOUGHT_MS);
  stage.plan.end();
  const finished = await act.recover(stage.second, Promise.resolve(reply));
  await leaveNothing(stage, stage.second, finished);
  return stage.plan.met;
}

interface Outcome {
  readonly verdict: Verdict;
  readonly reason: string;
}

/** The same with a fault. What is only late is tried again: see `in-time.ts`. */
export async function tryCell(stage: Stage, operation: Operation, cell: Cell): Promise<Outcome> {
  for (let tries = 1; ; tries += 1) {
    const outcome = await getThere(stage, operation, cell);
    if (tries === TRIES || !LATE.test(outcome.reason)) return outcome;
    console.log(`again: ${cellName(operation.name, cell)}: ${outcome.reason}`);
  }
}

/** As often as it takes to get to the point; the stage is ready for the next one then. */
async function getThere(stage: Stage, operation: Operation, cell: Cell): Promise<Outcome> {
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

/**
 * One operation with one fault. @throws with what was lost, wrong, or too late; 'missed': the
 * operation did not get to the point this time.
 */
async function runCell(stage: Stage, operation: Operation, cell: Cell): Promise<'ok' | 'missed'> {
  const { plan, first, second, line, rows } = stage;
  const act = await operation.prepare(stage);
  plan.begin(cell);
  const { takesMs = 0 } = operation;
  const asked = within(takesMs + LIMIT_MS, 'The request', act.run());
  const reply: Promise<Reply> = asked.catch((error: unknown) => {
    if (isLethal(cell.fault) && plan.hasFired) return null;
    throw error;
  });
  reply.catch(() => undefined);
  const answered = reply.then(() => sleep(AFTERTHOUGHT_MS));
  await Promise.race([plan.fired, answered]);
  if (!plan.hasFired) {
    plan.end();
    await act.recover(second, reply);
    return 'missed';
  }
  if (!isLethal(cell.fault)) await othersGoOn(first);
  const patience = sleep(cell.processes === 'two' ? PATIENCE_MS : takesMs + LIMIT_MS);
  await Promise.race([reply, patience]);
  stage.endLasting();
  // It goes on where it was, or elsewhere.
  if (cell.processes === 'one process' && isLethal(cell.fault)) await restart(first);
  const next = cell.processes === 'two' ? second : first;
  await rows.check('After the fault');
  const finished = await act.recover(next, reply);
  judge(cell, await reply);
  await stage.endHanging();
  await line.settled();
  await rows.check('After it went on');
  await leaveNothing(stage, next, finished);
  if (!isLethal(cell.fault) && !first.isAlive) throw new Error('The process has ended');
  return 'ok';
}

/** Small files of other people, while one connection or one call of the storage is as good as dead. */
async function othersGoOn(host: FaultHost): Promise<void> {
  const body = Buffer.from('of somebody else');
  const url = `${host.url}${FILES}`;
  const user = 'bob';
  const go = async (): Promise<void> => {
    const query = `?filename=b.bin&md5=${md5(body)}`;
    const headers = { 'content-type': 'application/octet-stream' };
    const answer = await send('POST', url + query, { user, body, headers });
    const { id } = JSON.parse(expectStatus('Others', answer, 200).bytes.toString()) as {
      id: string;
    };
    expectStatus('Others', await send('DELETE', `${url}/${id}`, { user }), 204);
  };
  await within(OTHERS_MS, 'Others', go());
}

async function restart(host: FaultHost): Promise<void> {
  await host.kill();
  await host.launch();
}

/** Whether the answer is one that the fault allows. */
function judge({ fault, point, processes }: Cell, reply: Reply): void {
  if (reply === null) return;
  // Two processes at one upload may meet: whoever comes second is told so.
  const met = processes === 'two' ? [423, 404, 410] : [];
  const passes = isOfS3(point.label)
    ? isPassing(fault)
    : fault === 'late' || isRenewal(point.label);
  const isHarmless = !isLethal(fault) && passes;
  const failed = isHarmless ? [] : fault === 'refused' ? [503, 507] : [503];
  expectStatus('The request', reply, 200, 204, ...met, ...failed);
  if (reply.status === 503 && reply.headers['retry-after'] === undefined) {
    throw new Error(`${describe(reply)} without Retry-After`);
  }
}

/** Takes nothing that is complete, and leaves nothing of all else. */
async function leaveNothing(
  { rows }: Stage,
  next: FaultHost,
  finished: readonly PersistentUpload[],
): Promise<void> {
  const cleaned = await persist('removeExpired', () => next.call('files', 'removeExpired'));
  expectStatus('removeExpired', cleaned, 200);
  const reconcile = () => next.call('files', 'reconcile', { grace: 0 });
  const reconciled = expectStatus('reconcile', await persist('reconcile', reconcile), 200);
  const { failed, missing } = JSON.parse(reconciled.bytes.toString()) as Record<string, number>;
  if (failed !== 0 || missing !== 0) {
    throw new Error(`Reconciliation: ${failed} not removed, bytes of ${missing} missing`);
  }
  await rows.check('After the clean-up');
  for (const upload of finished) await upload.expectEqual(next);
  for (const path of [FILES, HOOKED]) {
    for (const { id } of await list(next, path)) {
      const remove = () => request(next, 'DELETE', `${path}/${id}`);
      expectStatus('DELETE', await persist('DELETE', remove), 204);
    }
  }
  let left = await rows.everything();
  // What a call made that ended only now may come after the reconciliation.
  for (let looks = 0; left.length > 0 && looks < LATECOMERS; looks += 1) {
    await sleep(AFTERTHOUGHT_MS);
    expectStatus('reconcile', await persist('reconcile', reconcile), 200);
    left = await rows.everything();
  }
  if (left.length > 0) throw new Error(`Left behind: ${left.join(', ')}`);
}
