import type { FaultHost } from '../fault-host.js';
import type { Operation } from '../operation.js';
import { PersistentUpload } from '../persistent-upload.js';
import { expectStatus, persist, request } from '../requests.js';
import type { Stage } from '../stage.js';

export const removeUnfinished = removing('remove an unfinished one', async (stage) =>
  PersistentUpload.begun(stage),
);

export const removeComplete = removing('remove a complete one', async (stage) => {
  const upload = await PersistentUpload.whole(stage);
  expectStatus('complete', await upload.complete(stage.first), 200);
  return upload;
});

function removing(name: string, prepare: (stage: Stage) => Promise<PersistentUpload>): Operation {
  return {
    name,
    prepare: async (stage) => {
      const upload = await prepare(stage);
      return {
        run: () => request(stage.first, 'DELETE', upload.url),
        recover: async (next, reply) => {
          await removed(next, upload);
          await reply;
          return [];
        },
      };
    },
  };
}

/** Gone, by this request or by the one before it. */
export async function removed(next: FaultHost, { url }: PersistentUpload): Promise<void> {
  const answer = await persist('DELETE', () => request(next, 'DELETE', url));
  expectStatus('DELETE', answer, 204, 404);
  const after = await persist('GET', () => request(next, 'GET', url));
  expectStatus('GET of a removed upload', after, 404);
}
