import type { FaultHost } from '../fault-host.js';
import type { Operation } from '../operation.js';
import { PersistentUpload } from '../persistent-upload.js';
import { expectStatus, persist } from '../requests.js';
import type { Stage } from '../stage.js';

/** Of bytes without a record, beside those of a record. */
export const reconciliation: Operation = {
  name: 'reconciliation',
  prepare: async (stage) => {
    const live = await PersistentUpload.begun(stage);
    const stray = await strayUpload(stage);
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

/** Bytes of an upload whose record is gone: its id. */
async function strayUpload(stage: Stage): Promise<string> {
  const { id } = await PersistentUpload.begun(stage);
  await stage.rows.query('DELETE FROM chunked_upload WHERE id = $1', [id]);
  return id ?? '';
}
