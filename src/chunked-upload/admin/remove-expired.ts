import type { AdministeredType } from './administered-types.js';

const AT_ONCE = 100;

/**
 * Removes expired uploads of one type that nobody writes, and says how many.
 *
 * TO BE REPLACED by `type.uploads.removeExpired({ … })` as soon as the service has it: that one
 * works in batches with `SKIP LOCKED`. This is the one place that calls it.
 */
export async function removeExpired({ uploads, records }: AdministeredType): Promise<number> {
  let removed = 0;
  const listing = {
    status: 'expired',
    sort: 'created',
    descending: false,
    limit: AT_ONCE,
  } as const;
  let after: { after?: { key: string; id: string } } = {};
  for (;;) {
    const found = await records.list({ ...listing, ...after });
    for (const { upload, writing } of found) {
      if (writing) continue;
      await uploads.remove(upload.id);
      removed += 1;
    }
    const last = found.at(-1);
    if (!last || found.length < AT_ONCE) return removed;
    after = { after: last.position };
  }
}
