import { parentPort } from 'node:worker_threads';
import type { IHasher } from 'hash-wasm';
import { HasherPool } from './hasher-pool.js';
import type { ThreadReply, ThreadRequest } from './hashing-thread.messages.js';

interface Session {
  readonly pool: HasherPool;
  readonly hasher: IHasher;
}

const sessions = new Map<number, Session>();

async function carryOut(request: ThreadRequest): Promise<void> {
  const session = sessions.get(request.session);
  if ('begin' in request) {
    const pool = HasherPool.of(request.begin.algorithm);
    sessions.set(request.session, { pool, hasher: await pool.take(request.begin.state) });
  } else if ('update' in request) {
    session?.hasher.update(new Uint8Array(request.update, 0, request.length));
    reply({ slab: request.update });
  } else if ('save' in request) {
    if (session) reply({ session: request.session, state: session.hasher.save() });
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
