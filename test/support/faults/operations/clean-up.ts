import { randomInt } from 'node:crypto';
import { setTimeout as sleep } from 'node:timers/promises';
import type { Answer } from '../../chunk-request.js';
import type { FaultHost } from '../fault-host.js';
import { LEASE_MS, LIMIT_MS } from '../limits.js';
import type { Operation } from '../operation.js';
import { PersistentUpload } from '../persistent-upload.js';
import { HOOKED, expectStatus, persist } from '../requests.js';
import type { Stage } from '../stage.js';

const PAUSE_MS = 100;

export const cleanUp = cleaning('clean-up', expired, (host) => host.call('files', 'removeExpired'));

export const cleanUpKeeping = cleaning('clean-up that keeps records', expired, (host) =>
  host.call('files', 'removeExpired', { keepRecord: true }),
);

export const cleanUpOwnerless = cleaning('clean-up after an owner', ownerless, (host) =>
  host.call('hooked', 'removeExpired'),
);

/** Beside an upload that nobody may touch, and that must go on. */
function cleaning(
  name: string,
  doom: (stage: Stage) => Promise<PersistentUpload>,
  clean: (host: FaultHost) => Promise<Answer>,
): Operation {
  return {
    name,
    prepare: async (stage) => {
      const doomed = await doom(stage);
      const live = await PersistentUpload.begun(stage);
      return {
        run: () => clean(stage.first),
        recover: async (next, reply) => {
          await cleaned(stage, doomed, () => clean(next));
          await reply;
          await live.finish(next);
          return [live];
        },
      };
    },
  };
}

async function expired(stage: Stage): Promise<PersistentUpload> {
  const upload = await PersistentUpload.begun(stage);
  const sql = 'UPDATE chunked_upload SET expires_at = now() WHERE id = $1';
  await stage.rows.query(sql, [upload.id]);
  return upload;
}

async function ownerless(stage: Stage): Promise<PersistentUpload> {
  const { first, rows } = stage;
  const upload = PersistentUpload.on(stage, HOOKED);
  const owner = randomInt(2, 1_000_000_000);
  await rows.query('INSERT INTO person (id) VALUES ($1)', [owner]);
  const query = `&owner_type=person&owner_id=${owner}`;
  expectStatus('begin', await upload.sendFirst(first, upload.content.length, query), 200);
  // Not by TypeORM, which would tell us.
  await rows.query('DELETE FROM person WHERE id = $1', [owner]);
  return upload;
}

/** As a timer does: again and again until it is gone. */
async function cleaned(
  { rows }: Stage,
  { id }: PersistentUpload,
  clean: () => Promise<Answer>,
): Promise<void> {
  const start = performance.now();
  for (let isAged = false; await rows.isDoomed(id ?? ''); await sleep(PAUSE_MS)) {
    const passed = performance.now() - start;
    if (passed > LIMIT_MS) throw new Error(`late: After ${LIMIT_MS} ms it is still to be cleaned`);
    if (passed > LEASE_MS && !isAged) {
      // What a cleaner that died has claimed is for a minute nobody else's: the minute is over.
      for (const table of ['chunked_upload', 'hooked_upload']) {
        await rows.query(`UPDATE ${table} SET lease_until = now() WHERE status = 3`);
      }
      isAged = true;
    }
    expectStatus('removeExpired', await persist('removeExpired', clean), 200);
  }
}
