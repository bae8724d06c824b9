import { type Answer, json } from '../../chunk-request.js';
import type { Operation, Reply } from '../operation.js';
import { PersistentUpload } from '../persistent-upload.js';
import { FILES, HOOKED, expectStatus, persist } from '../requests.js';

export const complete = completing('complete', FILES);
export const completeHooked = completing('complete with onComplete', HOOKED);

function completing(name: string, path: string): Operation {
  return {
    name,
    prepare: async (stage) => {
      const upload = await PersistentUpload.whole(stage, path);
      return {
        run: () => upload.complete(stage.first),
        recover: async (next, reply) => {
          const again = await persist('complete', () => upload.complete(next));
          expectStatus('complete', again, 200);
          expectSameAnswer(await reply, again);
          await upload.expectEqual(next);
          return [upload];
        },
      };
    },
  };
}

/** What `onComplete` returned is the same for everybody. */
export function expectSameAnswer(reply: Reply, again: Answer): void {
  if (reply?.status !== 200) return;
  const [first, second] = [reply, again].map((answer) => {
    const { completed, at, id } = json(answer);
    return JSON.stringify({ completed, at, id });
  });
  if (first !== second) throw new Error(`It was completed twice: ${first}, ${second}`);
}
