import { setTimeout as sleep } from 'node:timers/promises';
import type { EntityManager } from 'typeorm';
import type { AbstractChunkedUpload } from '../chunked-upload.entity.js';
import { ChunkedUploadError } from '../chunked-upload.errors.js';
import type { OwnerTarget } from '../chunked-upload.inputs.js';
import type { UploadContext } from '../chunked-upload.context.js';
import type { OwnedUploads } from '../owners/owned-uploads.js';
import type { Owner, OwnerTypes } from '../owners/owner-types.js';
import { withOwner } from '../owners/with-owner.js';
import type { UploadEngine } from './upload-engine.js';

const PATIENCE_MS = 1000;
const PAUSE_MS = 50;

interface Assignment {
  readonly id: string;
  readonly owner: OwnerTarget | null;
  /** Left out: the application itself, which may do all. */
  readonly context: UploadContext | undefined;
  /** Of the host's transaction, if it is to be part of one. */
  readonly manager: EntityManager | undefined;
}

/** Gives an upload to another owner. Waits at most a second for a running completion. */
export async function assignOwner<T extends AbstractChunkedUpload>(
  engine: UploadEngine<T>,
  { owners, repository }: OwnedUploads<T>,
  assignment: Assignment,
): Promise<T> {
  const { context, manager } = assignment;
  // First of all: who does not see the upload learns nothing about owners.
  const { id } = await engine.find(assignment.id, context, manager);
  const owner = await permittedOwner(owners, assignment);
  const scope = engine.scope(context);
  const parts = { owners, repository: engine.repository };
  const giveUpAt = performance.now() + PATIENCE_MS;
  for (;;) {
    const write = (within?: EntityManager) => repository.assign(id, owner, scope, within);
    const upload = await withOwner(parts, owner, { write, manager });
    if (upload) return upload;
    await engine.find(id, context, manager);
    if (performance.now() > giveUpAt) throw ChunkedUploadError.busy();
    await sleep(PAUSE_MS);
  }
}

async function permittedOwner(
  owners: OwnerTypes,
  { owner: target, context, manager }: Assignment,
): Promise<Owner | null> {
  if (target === null) return null;
  const { type, id } = owners.keyOf(target);
  const owner = await owners.find(type, id, manager);
  if (context) await owners.authorize(owner, context);
  return owner;
}
