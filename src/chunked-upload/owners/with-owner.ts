import type { EntityManager } from 'typeorm';
import type { OwnerKey } from '../database/owned-upload.repository.js';
import type { CommitWatch, TransactionOptions } from '../database/connections.js';
import type { OwnerTypes } from './owner-types.js';

/** Who can run work in a transaction: the repository. */
interface Transactions {
  transaction<R>(
    work: (manager: EntityManager) => Promise<R>,
    options: TransactionOptions,
  ): Promise<R>;
}

interface Parts {
  readonly owners: OwnerTypes;
  readonly repository: Transactions;
}

export interface OwnedWrite<R> {
  /**
   * Writes the row; in a transaction if there is a `manager`, and again if the database has undone
   * that for somebody else's.
   */
  readonly write: (manager?: EntityManager) => Promise<R>;
  /** Whether it has to be in a transaction, also without an owner. */
  readonly inTransaction?: boolean;
  /** Of a transaction that it is to be part of. */
  readonly manager?: EntityManager | undefined;
  /** Of what decides; told of nothing in a transaction that it is part of. */
  readonly watch?: CommitWatch;
}

/**
 * Writes the row of an upload that belongs to `owner`, in a transaction in which the owner cannot be
 * removed: no upload is left without the owner that it names. Without an owner it just writes.
 * @throws ChunkedUploadError `invalid_field` if the owner was removed meanwhile
 */
export async function withOwner<R>(
  { owners, repository }: Parts,
  owner: OwnerKey | null,
  { write, inTransaction = false, manager, watch }: OwnedWrite<R>,
): Promise<R> {
  const holding = async (within: EntityManager): Promise<R> => {
    if (owner) await owners.hold(owner, within);
    return write(within);
  };
  if (manager) return holding(manager);
  if (!owner && !inTransaction) {
    watch?.committing();
    return write();
  }
  return repository.transaction(holding, { ...watch, repeatable: () => true });
}
