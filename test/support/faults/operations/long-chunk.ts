import { setTimeout as sleep } from 'node:timers/promises';
import { type Answer, answerOf, open } from '../../chunk-request.js';
import type { FaultHost } from '../fault-host.js';
import { LIMIT_MS, within } from '../limits.js';
import type { Operation } from '../operation.js';
import { PersistentUpload } from '../persistent-upload.js';
import { expectStatus } from '../requests.js';
import { recoverBegun } from './begin.js';
import type { Stage } from '../stage.js';

// A chunk is committed on its way every few seconds: this one takes long enough for that and for several
// renewals of the lease after it, and its sender is never silent. Where checkpoints can be had faster,
// these two numbers go down.
const PIECES = 40;
const PAUSE_MS = 200;
const TAKES_MS = PIECES * PAUSE_MS;
/** In the stage's units. */
const PIECE = 8;
const WATCH_EVERY_MS = 500;

export const checkpoint: Operation = {
  name: 'checkpoint',
  takesMs: TAKES_MS,
  prepare: async (stage) => {
    const piece = PIECE * stage.unit;
    const upload = PersistentUpload.ofSize(piece * (PIECES + 1));
    expectStatus('begin', await upload.sendFirst(stage.first, piece), 200);
    return {
      run: () => watched(stage, upload, trickle(stage, upload)),
      recover: async (next) => {
        // At another process the first one's writer may go on to its end.
        await upload.finish(next, TAKES_MS + LIMIT_MS);
        return [upload];
      },
    };
  },
};

export const firstCheckpoint: Operation = {
  name: 'checkpoint of a first chunk',
  takesMs: TAKES_MS,
  prepare: async (stage) => {
    const upload = PersistentUpload.ofSize(PIECE * stage.unit * PIECES);
    return {
      run: () => trickle(stage, upload),
      recover: (next, reply) => recoverBegun(stage, upload, next, reply, TAKES_MS + LIMIT_MS),
    };
  },
};

/** The rest in one chunk, slowly; until it is answered. */
async function trickle(stage: Stage, upload: PersistentUpload): Promise<Answer> {
  const { first: host, unit } = stage;
  const piece = PIECE * unit;
  const { id, acknowledged, content } = upload;
  const url = host.url + (id === null ? `${upload.path}?filename=a.bin` : upload.url);
  const rest = content.subarray(acknowledged);
  const { headers } = upload.chunk(acknowledged, rest);
  const length = { 'content-length': String(rest.length) };
  const chunk = open('PUT', url, { headers: { ...headers, ...length } });
  const answer = answerOf(chunk);
  const isOver = answer.then(
    () => true,
    () => true,
  );
  for (let sent = 0; sent < rest.length; sent += piece) {
    chunk.write(rest.subarray(sent, sent + piece));
    if (await Promise.race([isOver, sleep(PAUSE_MS, false)])) break;
  }
  chunk.end();
  return upload.acknowledge(await within(LIMIT_MS, 'PUT, a long one', answer));
}

/** What the other process says meanwhile counts as acknowledged, too. */
async function watched(
  stage: Stage,
  upload: PersistentUpload,
  answer: Promise<Answer>,
): Promise<Answer> {
  const over = new AbortController();
  const watching = watch(stage.second, upload, over.signal);
  watching.catch(() => undefined);
  try {
    return await answer;
  } finally {
    over.abort();
    await watching;
  }
}

async function watch(host: FaultHost, upload: PersistentUpload, over: AbortSignal): Promise<void> {
  // Once it is sent anew, the one who does that knows best.
  while (!over.aborted && upload.replacedAt === null) {
    const offset = await upload.ask(host);
    upload.acknowledged = Math.max(upload.acknowledged, offset);
    await sleep(WATCH_EVERY_MS);
  }
}
