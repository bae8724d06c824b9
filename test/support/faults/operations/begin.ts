import type { FaultHost } from '../fault-host.js';
import { LIMIT_MS } from '../limits.js';
import type { Act, Operation, Reply } from '../operation.js';
import { PersistentUpload } from '../persistent-upload.js';
import { HOOKED, expectStatus, list } from '../requests.js';
import type { Stage } from '../stage.js';

/** In the stage's units. */
const FIRST = 200;
const INCOMPLETE = 1;

export const begin: Operation = {
  name: 'begin',
  prepare: async (stage) => beginning(stage, PersistentUpload.on(stage)),
};

/** In a transaction in which its owner cannot be removed. */
export const beginOwned: Operation = {
  name: 'begin with an owner',
  prepare: async (stage) => {
    const upload = PersistentUpload.on(stage, HOOKED);
    return beginning(stage, upload, '&owner_type=person&owner_id=1');
  },
};

function beginning(stage: Stage, upload: PersistentUpload, query = ''): Act {
  return {
    run: () => upload.sendFirst(stage.first, FIRST * stage.unit, query),
    recover: (next, reply) => recoverBegun(stage, upload, next, reply),
  };
}

/**
 * Who was not answered looks into its list, goes on with what it finds there, and begins anew where
 * that is nothing. Whatever turns up later can be gone on with, too.
 */
export async function recoverBegun(
  stage: Stage,
  sent: PersistentUpload,
  next: FaultHost,
  reply: Promise<Reply>,
  withinMs = LIMIT_MS,
): Promise<readonly PersistentUpload[]> {
  const uploads = sent.id === null ? await found(next, sent) : [sent];
  if (uploads.length === 0) {
    const anew = PersistentUpload.ofSize(sent.content.length, sent.path);
    expectStatus('The first chunk again', await anew.sendFirst(next, FIRST * stage.unit), 200);
    uploads.push(anew);
  }
  for (const upload of uploads) await upload.finish(next, withinMs);
  const answer = await reply;
  await stage.line.settled();
  const known = new Set(uploads.map(({ id }) => id));
  const late = (await found(next, sent)).filter(({ id }) => !known.has(id));
  if (answer?.status === 200 && ![...known, ...late.map(({ id }) => id)].includes(sent.id)) {
    throw new Error('It was answered with an upload that there is not');
  }
  for (const upload of late) await upload.finish(next, withinMs);
  return [...uploads, ...late];
}

/** Uploads of these bytes that are in the list, and not complete. */
async function found(next: FaultHost, { content, path }: PersistentUpload) {
  const listed = await list(next, path);
  return listed
    .filter(({ status }) => status === INCOMPLETE)
    .map((each) => {
      const upload = new PersistentUpload(content, path);
      upload.know(each);
      return upload;
    });
}
