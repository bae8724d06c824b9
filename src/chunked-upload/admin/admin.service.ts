import { Inject, Injectable } from '@nestjs/common';
import { ChunkedUploadError } from '../chunked-upload.errors.js';
import type { Readable } from 'node:stream';
import { type AbstractChunkedUpload, ChunkedUploadStatus } from '../chunked-upload.entity.js';
import type { StatusSum, Suggested } from '../database/admin-overview.repository.js';
import type { AdminListed, AdminPosition } from '../database/admin.repository.js';
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
import { type AdministeredTypes, selectedTypes, typeNamed } from './administered-types.js';

/** One page of a list; `next` and `previous` are the places to go on from. */
export interface UploadListPage {
  readonly uploads: readonly ListedUpload[];
  readonly next: string | null;
  readonly previous: string | null;
}

/** The same, with the place to go on from as it is. */
export interface PositionedPage {
  readonly uploads: readonly ListedUpload[];
  readonly next: AdminPosition | null;
  readonly previous: AdminPosition | null;
}

/** What is in a table, by type and status. */
export interface TypeSummary {
  readonly type: string;
  readonly statuses: readonly StatusSum[];
}

/** What the admin shows. */
@Injectable()
export class AdminService {
  constructor(@Inject(ADMINISTERED_TYPES) private readonly types: AdministeredTypes) {}

  typeNames(): string[] {
    return this.types().map(({ name }) => name);
  }

  async list(query: AdminQuery): Promise<UploadListPage> {
    const { uploads, next, previous } = await this.positions(query);
    return {
      uploads,
      next: next && encodeCursor(next),
      previous: previous && encodeCursor(previous),
    };
  }

  /** What a place is in a URL. */
  placeOf(position: AdminPosition): string {
    return encodeCursor(position);
  }

  async positions(query: AdminQuery): Promise<PositionedPage> {
    const { filter, sort, limit, before } = query;
    // The page before a place is the one behind it, read the other way round.
    const descending = query.descending !== (before !== undefined);
    const after = before ?? query.after;
    const listing = { ...filter, sort, descending, limit: limit + 1, ...(after && { after }) };
    const found: { type: string; listed: AdminListed }[] = [];
    // One after the other: an application's pool may be small.
    for (const { name, records } of selectedTypes(this.types, query.type)) {
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
      next: hasNext && last ? last : null,
      previous: hasPrevious && first ? first : null,
    };
  }

  /** Whether a search finds parts of names, in all types; else their first letters. */
  async searchesWithin(): Promise<boolean> {
    for (const { records } of this.types()) if (!(await records.searchesWithin())) return false;
    return true;
  }

  /** Kinds of record that some upload can be given to. */
  ownerTypes(): string[] {
    return [...new Set(this.types().flatMap(({ ownerTypes }) => ownerTypes))];
  }

  /** Not exact: at least so many. `at` is the moment of it. */
  async count({ type, filter }: Pick<AdminQuery, 'type' | 'filter'>) {
    const at = new Date().toISOString();
    let count = 0;
    let exact = true;
    for (const { records } of selectedTypes(this.types, type)) {
      const counted = await records.count(filter);
      count += counted.count;
      exact &&= counted.exact;
    }
    return { count, exact, at };
  }

  /** @throws ChunkedUploadError `not_found` */
  async detail({ type, id }: SelectedUpload): Promise<DetailedUpload> {
    const { name, records } = typeNamed(this.types, type);
    const parsed = parseUploadId(id);
    const sighting = parsed === null ? null : await records.findOne(parsed);
    if (!sighting) throw ChunkedUploadError.notFound();
    return representDetailed(name, sighting, records.ownValues(sighting.upload));
  }

  /** Counts and bytes by type and status. */
  async summary(): Promise<TypeSummary[]> {
    const summaries: TypeSummary[] = [];
    for (const { name, overview } of this.types()) {
      summaries.push({ type: name, statuses: await overview.summary() });
    }
    return summaries;
  }

  /** Values that some upload has, of a type or of all. */
  async suggestions(type: string | undefined, wanted: Suggested): Promise<string[]> {
    const found = new Set<string>();
    for (const { overview } of selectedTypes(this.types, type)) {
      for (const value of await overview.suggestions(wanted)) found.add(value);
    }
    return [...found].toSorted().slice(0, wanted.limit);
  }

  /** @throws ChunkedUploadError `not_found`, also before it is complete */
  async complete({ type, id }: SelectedUpload): Promise<AbstractChunkedUpload> {
    const upload = await typeNamed(this.types, type).uploads.findOne(id);
    if (upload.status !== ChunkedUploadStatus.Complete) throw ChunkedUploadError.notFound();
    return upload;
  }

  async read(
    type: string,
    upload: AbstractChunkedUpload,
    range: { readonly start: number; readonly end: number } | undefined,
  ): Promise<Readable> {
    return typeNamed(this.types, type).uploads.createReadStream(upload, range);
  }
}
