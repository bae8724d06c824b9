import { Inject, Injectable, Logger } from '@nestjs/common';
import { ChunkedUploadError } from '../chunked-upload.errors.js';
import type { AdminListed } from '../database/admin.repository.js';
import { parseUploadId } from '../upload-id.js';
import { comparePositions, encodeCursor } from './admin-cursor.js';
import type { AdminQuery } from './admin-query.js';
import {
  type DetailedUpload,
  type ListedUpload,
  representDetailed,
  representListed,
} from './admin-representation.js';
import type { SelectedUpload } from './admin-selection.js';
import { ADMINISTERED_TYPES } from './admin.tokens.js';
import type { AdministeredType, AdministeredTypes } from './administered-types.js';

/** One page of a list; `next` and `previous` are the places to go on from. */
export interface UploadListPage {
  readonly uploads: readonly ListedUpload[];
  readonly next: string | null;
  readonly previous: string | null;
}

/** What became of one of many. */
export interface Outcome extends SelectedUpload {
  readonly ok: boolean;
  /** Why not. */
  readonly detail: string | null;
}

/** What the admin shows and does, over the use cases of the upload types. */
@Injectable()
export class AdminService {
  readonly #logger = new Logger('ChunkedUpload');

  constructor(@Inject(ADMINISTERED_TYPES) private readonly types: AdministeredTypes) {}

  typeNames(): string[] {
    return this.types().map(({ name }) => name);
  }

  async list(query: AdminQuery): Promise<UploadListPage> {
    const { filter, sort, limit, before } = query;
    // The page before a place is the one behind it, read the other way round.
    const descending = query.descending !== (before !== undefined);
    const after = before ?? query.after;
    const listing = { ...filter, sort, descending, limit: limit + 1, ...(after && { after }) };
    const found: { type: string; listed: AdminListed }[] = [];
    // One after the other: an application's pool may be small.
    for (const { name, records } of this.#selected(query.type)) {
      const rows = await records.list(listing);
      found.push(...rows.map((listed) => ({ type: name, listed })));
    }
    const sign = descending ? -1 : 1;
    found.sort((a, b) => sign * comparePositions(sort, a.listed.position, b.listed.position));
    const page = found.slice(0, limit);
    if (before) page.reverse();
    const isMore = found.length > limit;
    const hasPrevious = before ? isMore : query.after !== undefined;
    const hasNext = before ? true : isMore;
    const first = page.at(0)?.listed.position;
    const last = page.at(-1)?.listed.position;
    return {
      uploads: page.map(({ type, listed }) => representListed(type, listed)),
      next: hasNext && last ? encodeCursor(last) : null,
      previous: hasPrevious && first ? encodeCursor(first) : null,
    };
  }

  /** Not exact: at least so many. */
  async count({ type, filter }: Pick<AdminQuery, 'type' | 'filter'>) {
    let count = 0;
    let exact = true;
    for (const { records } of this.#selected(type)) {
      const counted = await records.count(filter);
      count += counted.count;
      exact &&= counted.exact;
    }
    return { count, exact };
  }

  /** @throws ChunkedUploadError `not_found` */
  async detail({ type, id }: SelectedUpload): Promise<DetailedUpload> {
    const { name, records } = this.#type(type);
    const parsed = parseUploadId(id);
    const sighting = parsed === null ? null : await records.findOne(parsed);
    if (!sighting) throw ChunkedUploadError.notFound();
    return representDetailed(name, sighting, records.ownValues(sighting.upload));
  }

  async abort(selection: readonly SelectedUpload[]): Promise<Outcome[]> {
    return this.#each(selection, async ({ uploads }, id) => {
      await uploads.abort(id);
    });
  }

  async remove(selection: readonly SelectedUpload[]): Promise<Outcome[]> {
    return this.#each(selection, async ({ uploads }, id) => uploads.remove(id));
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
    for (const { name, uploads } of this.#selected(type)) {
      const { removed, failed, failure } = await uploads.removeExpired();
      sum.removed += removed;
      sum.failed += failed;
      if (failure) this.#logger.warn(`Expired uploads of ${name} stay: ${failure.message}`);
    }
    return sum;
  }

  /** One after the other: what cannot be done with one does not keep the others from it. */
  async #each(
    selection: readonly SelectedUpload[],
    work: (type: AdministeredType, id: string) => Promise<void>,
  ): Promise<Outcome[]> {
    const outcomes: Outcome[] = [];
    for (const { type, id } of selection) {
      try {
        await work(this.#type(type), id);
        outcomes.push({ type, id, ok: true, detail: null });
      } catch (error) {
        outcomes.push({ type, id, ok: false, detail: this.#sentence(error, id) });
      }
    }
    return outcomes;
  }

  #sentence(error: unknown, id: string): string {
    if (error instanceof ChunkedUploadError) return error.message;
    this.#logger.error(`The admin failed with upload ${id}`, error);
    return 'It failed; the log of the server says why';
  }

  #selected(name: string | undefined): readonly AdministeredType[] {
    return name === undefined ? this.types() : [this.#type(name)];
  }

  #type(name: string): AdministeredType {
    const type = this.types().find((each) => each.name === name);
    if (type) return type;
    const sentence = `There is no such upload type. There are: ${this.typeNames().join(', ')}.`;
    throw ChunkedUploadError.invalidField('type', sentence);
  }
}
