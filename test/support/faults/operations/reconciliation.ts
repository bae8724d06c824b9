import { randomUUID } from 'node:crypto';
import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { FaultHost } from '../fault-host.js';
import type { Operation } from '../operation.js';
import { PersistentUpload } from '../persistent-upload.js';
import { expectStatus, persist } from '../requests.js';
import type { Stage } from '../stage.js';

/** Of bytes without a record, beside those of a record. */
export const reconciliation: Operation = {
  name: 'reconciliation',
  prepare: async (stage) => {
    const live = await PersistentUpload.begun(stage.first);
    const stray = await strayFile(stage);
    return {
      run: () => reconcile(stage.first),
      recover: async (next, reply) => {
        expectStatus('reconcile', await persist('reconcile', () => reconcile(next)), 200);
        await reply;
        const left = (await stage.rows.everything()).filter((each) => each.includes(stray));
        if (left.length > 0) throw new Error(`It is still there: ${left.join(', ')}`);
        await live.finish(next);
        return [live];
      },
    };
  },
};

/** Without a grace: no other process receives a first chunk meanwhile. */
function reconcile(host: FaultHost) {
  return host.call('files', 'reconcile', { grace: 0 });
}

async function strayFile({ root }: Stage): Promise<string> {
  const name = `${randomUUID()}.part.bin`;
  const folder = join(root, 'chunked_uploads');
  await mkdir(folder, { recursive: true });
  await writeFile(join(folder, name), 'bytes of nobody');
  return name;
}
