import type { FaultHost } from '../fault-host.js';
import type { Operation } from '../operation.js';
import { PersistentUpload } from '../persistent-upload.js';
import { FILES, HOOKED, expectStatus, list } from '../requests.js';

const COMPLETE = 2;

export const whole = sending('whole', FILES);
export const wholeHooked = sending('whole with onComplete', HOOKED);

function sending(name: string, path: string): Operation {
  return {
    name,
    prepare: async (stage) => {
      const upload = PersistentUpload.ofSize(200 * stage.unit, path);
      return {
        run: () => upload.sendWhole(stage.first),
        // Who was not answered looks into its list, and sends it anew where it is not in there.
        recover: async (next, reply) => {
          const finished = await found(next, upload);
          if (finished.length === 0) finished.push(await sentAnew(next, upload));
          await reply;
          await stage.line.settled();
          const known = new Set(finished.map(({ id }) => id));
          for (const each of await found(next, upload)) {
            if (!known.has(each.id)) finished.push(each);
          }
          for (const each of finished) await each.expectEqual(next);
          return finished;
        },
      };
    },
  };
}

async function sentAnew(next: FaultHost, sent: PersistentUpload): Promise<PersistentUpload> {
  const upload = PersistentUpload.ofSize(sent.content.length, sent.path);
  const answer = expectStatus('The whole file again', await upload.sendWhole(next), 200);
  const { id, completed = id } = JSON.parse(answer.bytes.toString()) as Record<string, string>;
  upload.id = completed ?? null;
  return upload;
}

/** Of a file that comes whole nothing is left but all of it. */
async function found(next: FaultHost, { content, path }: PersistentUpload) {
  return (await list(next, path)).map(({ id, offset, status }) => {
    if (status !== COMPLETE) throw new Error(`An unfinished upload is left, at offset ${offset}`);
    const upload = new PersistentUpload(content, path);
    upload.id = id;
    return upload;
  });
}
