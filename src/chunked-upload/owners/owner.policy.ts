import { APPLICATION, type UploadContext } from '../chunked-upload.context.js';
import { type PolicySubject, UploadPolicy } from '../policies/upload.policy.js';
import type { OwnerTypes } from './owner-types.js';

/** An upload's owner is there, and its caller may attach files to it, from the first byte to the last. */
export class OwnerPolicy extends UploadPolicy {
  constructor(private readonly owners: OwnerTypes) {
    super();
  }

  async check({ stage, ownerType, ownerId }: PolicySubject, context: UploadContext): Promise<void> {
    if (stage === 'first-bytes') return;
    const { owners } = this;
    const owner =
      stage === 'begin'
        ? await owners.findNamed(ownerType, ownerId)
        : await owners.findAttached(ownerType, ownerId);
    // The application itself may do all.
    if (owner && context !== APPLICATION) await owners.authorize(owner, context);
  }
}
