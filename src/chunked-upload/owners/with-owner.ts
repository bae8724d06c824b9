import type { EntityManager } from 'typeorm';
import type { OwnerKey } from '../database/owned-upload.repository.js';
import type { OwnerTypes } from './owner-types.js';

/** Who can run work in a transaction: the repository. */
interface Transactions {
  transaction<R>(work: (manager: EntityManager) => Promise<R>): Promise<R>;
}

/**
 * Writes the row of an upload that belongs to `owner`, in a transaction in which the owner cannot be
 * removed: no upload is left without the owner that it names. Without an owner just writes.
 * @throws ChunkedUploadError `invalid_field` if the owner was removed meanwhile
 */
export async function withOwner<R>(
  { owners, repository }: { readonly owners: OwnerTypes; readonly repository: Transactions },
  owner: OwnerKey | null,
  write: (manager?: EntityManager) => Promise<R>,
  manager?: EntityManager,
): Promise<R> {
  if (!owner) return write(manager);
  const holding = async (within: EntityManager): Promise<R> => {
    await owners.hold(owner, within);
    return write(within);
  };
  return manager ? holding(manager) : repository.transaction(holding);
}
