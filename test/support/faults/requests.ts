import { setTimeout as sleep } from 'node:timers/promises';
import { type Answer, type Sending, json, send } from '../chunk-request.js';
import type { FaultHost } from './fault-host.js';
import { LIMIT_MS, within } from './limits.js';

export const FILES = '/uploads/files';
/** With an `onComplete`, and with owners. */
export const HOOKED = '/uploads/hooked';

const PAUSE_MS = 100;
const COME_AGAIN = [423, 503];

/** One request, answered in time. */
export async function request(
  host: FaultHost,
  method: string,
  path: string,
  sending?: Sending,
): Promise<Answer> {
  return within(LIMIT_MS, `${method} ${shape(path)}`, send(method, host.url + path, sending));
}

/** As often as it is told to come again, and as long as it may take until things are well again. */
export async function persist(
  what: string,
  attempt: () => Promise<Answer>,
  withinMs = LIMIT_MS,
): Promise<Answer> {
  const giveUpAt = performance.now() + withinMs;
  for (;;) {
    const answer = await attempt();
    if (!mayComeAgain(answer)) return answer;
    if (performance.now() > giveUpAt) {
      throw new Error(`late: ${what}: after ${withinMs} ms still ${describe(answer)}`);
    }
    await sleep(PAUSE_MS);
  }
}

export function mayComeAgain(answer: Answer): boolean {
  if (!COME_AGAIN.includes(answer.status)) return false;
  if (answer.headers['retry-after'] !== undefined) return true;
  throw new Error(`${describe(answer)} without Retry-After`);
}

/** @throws with what was answered instead */
export function expectStatus(what: string, answer: Answer, ...expected: number[]): Answer {
  if (expected.includes(answer.status)) return answer;
  throw new Error(`${what}: ${describe(answer)}`);
}

export function describe(answer: Answer): string {
  return `${answer.status} ${answer.bytes.toString().slice(0, 200)}`;
}

export interface Listed {
  readonly id: string;
  readonly offset: number;
  readonly status: number;
}

/** What a client looks into that has not been answered. */
export async function list(host: FaultHost, path: string, user = 'alice'): Promise<Listed[]> {
  const answer = await persist(`GET ${path}`, () => request(host, 'GET', path, { user }));
  return json(expectStatus(`GET ${path}`, answer, 200)) as unknown as Listed[];
}

/** Without what differs from run to run. */
function shape(path: string): string {
  return path.replaceAll(/[0-9a-f-]{36}/g, ':id').replace(/\?.*/, '');
}
