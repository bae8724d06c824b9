import { Inject, Injectable, Logger } from '@nestjs/common';
import { ChunkedUploadError } from '../chunked-upload.errors.js';
import type { OwnerReference } from '../chunked-upload.inputs.js';
import type { AdminStatus } from '../database/admin.repository.js';
import { parseUploadId } from '../upload-id.js';
import type { MatchingUploads } from './admin-matching.js';
import type { SelectedUpload } from './admin-selection.js';
import { AdminService } from './admin.service.js';
import { ADMINISTERED_TYPES } from './admin.tokens.js';
import {
  type AdministeredType,
  type AdministeredTypes,
  selectedTypes,
  typeNamed,
} from './administered-types.js';

/** What became of one of many. */
export interface Outcome extends SelectedUpload {
  /** Of an upload that may be gone by now; null: it was not there. */
  readonly filename: string | null;
  readonly ok: boolean;
  /** Why not. */
  readonly detail: string | null;
}

/** What became of some of all that match. */
export interface MatchingOutcomes {
  readonly outcomes: readonly Outcome[];
  /** Of how many there was nothing to do, such as to abort one that is complete. */
  readonly passed: number;
  /** Where to go on; null: that was all. */
  readonly next: string | null;
}

export type MatchingAction = 'abort' | 'delete';

/** So many are looked at with one request at most, and for so long, in milliseconds. */
const MOST_MATCHING = 1000;
const LONGEST_MS = 2000;
/** Small: within one of them nobody looks at the clock. */
const PAGE = 20;
const UNFINISHED: readonly AdminStatus[] = ['incomplete', 'expired'];

/** What the admin does, over the use cases of the upload types. */
@Injectable()
export class AdminActionsService {
  readonly #logger = new Logger('ChunkedUpload');

  constructor(
    @Inject(ADMINISTERED_TYPES) private readonly types: AdministeredTypes,
    @Inject(AdminService) private readonly admin: AdminService,
  ) {}

  async abort(selection: readonly SelectedUpload[]): Promise<Outcome[]> {
    return this.#each(selection, async ({ uploads }, id) => {
      await uploads.abort(id);
    });
  }

  async remove(selection: readonly SelectedUpload[]): Promise<Outcome[]> {
    return this.#each(selection, async ({ uploads }, id) => uploads.remove(id));
  }

  /** Null: to nobody. */
  async assignOwner(
    selection: readonly SelectedUpload[],
    owner: OwnerReference | null,
  ): Promise<Outcome[]> {
    return this.#each(selection, async ({ uploads }, id) => {
      await uploads.assignOwner(id, owner);
    });
  }

  /** Of unfinished ones. Null: they do not expire. */
  async setExpiry(
    selection: readonly SelectedUpload[],
    expiresAt: Date | null,
  ): Promise<Outcome[]> {
    return this.#each(selection, async ({ uploads, records }, id) => {
      const upload = await uploads.findOne(id);
      if (await records.setExpiry(upload.id, expiresAt)) return;
      throw ChunkedUploadError.malformedRequest('Only unfinished uploads can expire');
    });
  }

  /** Those of a selection that have expired. */
  async removeExpiredOf(selection: readonly SelectedUpload[]): Promise<Outcome[]> {
    return this.#each(selection, async ({ uploads, records }, id) => {
      const parsed = parseUploadId(id);
      const sighting = parsed === null ? null : await records.findOne(parsed);
      if (!sighting) throw ChunkedUploadError.notFound();
      if (sighting.writing) throw ChunkedUploadError.busy();
      if (sighting.status !== 'expired') {
        throw ChunkedUploadError.malformedRequest('Upload has not expired');
      }
      await uploads.remove(id);
    });
  }

  /** All expired ones of a type, or of all types; those that failed are found by the next run. */
  async removeExpired(type: string | undefined): Promise<{ removed: number; failed: number }> {
    const sum = { removed: 0, failed: 0 };
    for (const { name, removeExpired } of selectedTypes(this.types, type)) {
      const { removed, failed, failure } = await removeExpired();
      sum.removed += removed;
      sum.failed += failed;
      if (failure) this.#logger.warn(`Expired uploads of ${name} stay: ${failure.message}`);
    }
    return sum;
  }

  /**
   * The first of all that match, oldest first: as many as can be done in a few seconds, so that no
   * proxy gives the request up. `next` says where the next request goes on.
   */
  async onMatching(action: MatchingAction, matching: MatchingUploads): Promise<MatchingOutcomes> {
    const { type, filter, until } = matching;
    const to = filter.to && filter.to < until ? filter.to : until;
    const wanted = { type, filter: { ...filter, to }, sort: 'created', descending: false } as const;
    const giveUpAt = performance.now() + LONGEST_MS;
    const outcomes: Outcome[] = [];
    let passed = 0;
    let { after } = matching;
    do {
      const page = await this.admin.positions({ ...wanted, limit: PAGE, ...(after && { after }) });
      if (action === 'delete') outcomes.push(...(await this.remove(page.uploads)));
      else {
        const unfinished = page.uploads.filter(({ status }) => UNFINISHED.includes(status));
        outcomes.push(...(await this.abort(unfinished)));
        passed += page.uploads.length - unfinished.length;
      }
      if (page.next === null) return { outcomes, passed, next: null };
      after = page.next;
    } while (outcomes.length + passed < MOST_MATCHING && performance.now() < giveUpAt);
    return { outcomes, passed, next: this.admin.placeOf(after) };
  }

  /** One after the other: what cannot be done with one does not keep the others from it. */
  async #each(
    selection: readonly SelectedUpload[],
    work: (type: AdministeredType, id: string) => Promise<void>,
  ): Promise<Outcome[]> {
    const outcomes: Outcome[] = [];
    for (const { type, id } of selection) {
      let filename: string | null = null;
      try {
        const administered = typeNamed(this.types, type);
        ({ filename } = await administered.uploads.findOne(id));
        await work(administered, id);
        outcomes.push({ type, id, filename, ok: true, detail: null });
      } catch (error) {
        outcomes.push({ type, id, filename, ok: false, detail: this.#sentence(error, id) });
      }
    }
    return outcomes;
  }

  #sentence(error: unknown, id: string): string {
    if (error instanceof ChunkedUploadError) return error.message;
    this.#logger.error(`The admin failed with upload ${id}`, error);
    return 'It failed. The server log says why';
  }
}
