import { parentPort } from 'node:worker_threads';
import type { IHasher } from 'hash-wasm';
import { HasherPool } from './hasher-pool.js';
import type { ThreadReply, ThreadRequest } from './hashing-thread.messages.js';

interface Session {
  readonly pool: HasherPool;
  readonly hasher: IHasher;
  /** The state before the last update. */
  before: Uint8Array;
}

const sessions = new Map<number, Session>();

async function carryOut(request: ThreadRequest): Promise<void> {
  const session = sessions.get(request.session);
  if ('begin' in request) {
    const { algorithm, state } = request.begin;
    const pool = HasherPool.of(algorithm);
    sessions.set(request.session, { pool, hasher: await pool.take(state), before: state });
  } else if ('update' in request) {
    if (session && request.first) session.before = session.hasher.save();
    session?.hasher.update(new Uint8Array(request.update, 0, request.length));
    reply({ slab: request.update });
  } else if ('save' in request) {
    const state = request.save === 'now' ? session?.hasher.save() : session?.before;
    if (state) reply({ session: request.session, state });
  } else if (session) {
    session.pool.give(session.hasher);
    sessions.delete(request.session);
  }
}

function reply(message: ThreadReply): void {
  parentPort?.postMessage(message);
}

// One after the other: making a hasher is asynchronous, and nothing may overtake it.
let last: Promise<void> = Promise.resolve();
parentPort?.on('message', (request: ThreadRequest) => {
  last = last.then(() => carryOut(request));
});
reply({ ready: true });
