import type { DetailedUpload, ListedUpload } from '../admin-representation.js';
import type { SelectedUpload } from '../admin-selection.js';
import type { MatchingAction, MatchingOutcomes, Outcome } from '../admin-actions.service.js';
import type { TypeSummary, UploadListPage } from '../admin.service.js';

export type {
  DetailedUpload,
  ListedUpload,
  MatchingAction,
  MatchingOutcomes,
  Outcome,
  SelectedUpload,
  TypeSummary,
  UploadListPage,
};

/** What keeps an upload apart from all others of the page. */
export function keyOf({ type, id }: SelectedUpload): string {
  return `${type}/${id}`;
}

/** An answer that is none, in a sentence. */
export class ApiError extends Error {
  override readonly name = 'ApiError';

  constructor(
    message: string,
    options?: ErrorOptions,
    /** The fields of the query, or of the body, that it is about. */
    readonly fields: readonly string[] = [],
  ) {
    super(message, options);
  }
}

const UNREACHABLE = 'The server cannot be reached.';

// This file lies in `assets`, beside which the endpoints are.
const API = new URL('../api/', import.meta.url);

export interface Offer {
  readonly types: string[];
  readonly statuses: string[];
  readonly owner_types: string[];
  /** Whether a search finds parts of names; else their first letters. */
  readonly searches_within: boolean;
}

export function fetchTypes(): Promise<Offer> {
  return get('types', new URLSearchParams());
}

export async function fetchSummary(): Promise<TypeSummary[]> {
  return (await get<{ types: TypeSummary[] }>('summary', new URLSearchParams())).types;
}

export async function fetchSuggestions(query: Record<string, string>): Promise<string[]> {
  return (await get<{ values: string[] }>('suggestions', new URLSearchParams(query))).values;
}

/** Where a completed file can be had: as a download, or to be looked at. */
export function fileUrl({ type, id }: SelectedUpload, isPreview: boolean): string {
  const url = new URL(`uploads/${id}/file`, API);
  url.search = String(new URLSearchParams({ type, ...(isPreview && { preview: 'true' }) }));
  return url.href;
}

/** The first bytes of a completed file. */
export async function fetchText(upload: SelectedUpload, bytes: number): Promise<string> {
  const headers = { Range: `bytes=0-${bytes - 1}` };
  const response = await fetch(fileUrl(upload, true), { headers });
  if (!response.ok) throw await refusalOf(response);
  return response.text();
}

/** Why a completed file cannot be had; null: its last byte is there. A download would not tell. */
export async function whyNoFile(upload: SelectedUpload): Promise<string | null> {
  const headers = { Range: 'bytes=-1' };
  const response = await fetch(fileUrl(upload, false), { headers }).catch(() => null);
  if (response === null) return UNREACHABLE;
  if (!response.ok) return (await refusalOf(response)).message;
  // All of the file, where something on the way takes no ranges.
  await response.body?.cancel();
  return null;
}

export function fetchList(query: URLSearchParams): Promise<UploadListPage> {
  return get('uploads', query);
}

export interface Count {
  readonly count: number;
  readonly exact: boolean;
  /** The moment of it. */
  readonly at: string;
}

export function fetchCount(query: URLSearchParams): Promise<Count> {
  return get('count', query);
}

export function fetchDetail({ type, id }: SelectedUpload): Promise<DetailedUpload> {
  return get(`uploads/${id}`, new URLSearchParams({ type }));
}

export type Action = 'abort' | 'delete' | 'delete-expired';

/** Does something with each of a selection. */
export async function act(action: Action, uploads: readonly SelectedUpload[]): Promise<Outcome[]> {
  const answer = await post(action, { uploads: uploads.map(({ type, id }) => ({ type, id })) });
  return (answer as { outcomes: Outcome[] }).outcomes;
}

/** Does something with the next ones of all that match. */
export async function actOnMatching(
  action: MatchingAction,
  matching: URLSearchParams,
  until: string,
  after: string | null,
): Promise<MatchingOutcomes> {
  const place = after === null ? {} : { after };
  const body = { matching: Object.fromEntries(matching), until, ...place };
  return (await post(action, body)) as MatchingOutcomes;
}

/** Changes one upload; null: there will be no owner, or no expiry. */
export async function change(
  { type, id }: SelectedUpload,
  what:
    | { readonly owner: { readonly type: string; readonly id: string } | null }
    | { readonly expires_at: string | null },
): Promise<Outcome | undefined> {
  const path = 'owner' in what ? 'owner' : 'expiry';
  const answer = await post(path, { uploads: [{ type, id }], ...what });
  return (answer as { outcomes: Outcome[] }).outcomes[0];
}

/** Deletes all that have expired, of one type or of all; says how many, and how many not. */
export async function deleteExpired(
  type: string | null,
): Promise<{ removed: number; failed: number }> {
  const answer = await post('delete-expired', type === null ? {} : { type });
  return answer as { removed: number; failed: number };
}

async function get<R>(path: string, query: URLSearchParams): Promise<R> {
  const url = new URL(path, API);
  url.search = query.toString();
  return (await answerTo(url, {})) as R;
}

function post(path: string, body: object): Promise<unknown> {
  const headers = { 'Content-Type': 'application/json' };
  return answerTo(new URL(path, API), { method: 'POST', headers, body: JSON.stringify(body) });
}

async function answerTo(url: URL, init: RequestInit): Promise<unknown> {
  const response = await fetch(url, init).catch((error: unknown) => {
    throw new ApiError(UNREACHABLE, { cause: error });
  });
  if (!response.ok) throw await refusalOf(response);
  const body: unknown = await response.json().catch(() => null);
  if (body !== null) return body;
  throw new ApiError(sentenceOf(response.status, body));
}

async function refusalOf(response: Response): Promise<ApiError> {
  const body: unknown = await response.json().catch(() => null);
  return new ApiError(sentenceOf(response.status, body), {}, fieldsOf(body));
}

function fieldsOf(body: unknown): string[] {
  const { detail } = (body ?? {}) as { detail?: unknown };
  return typeof detail === 'object' && detail !== null ? Object.keys(detail) : [];
}

function sentenceOf(status: number, body: unknown): string {
  if (status === 401 || status === 403) {
    return 'The server does not let you do this. Load the page again to log in.';
  }
  const { detail } = (body ?? {}) as { detail?: unknown };
  if (typeof detail === 'string') return detail;
  if (typeof detail !== 'object' || detail === null) return `The server answered ${status}.`;
  return Object.entries(detail)
    .map(([field, sentences]) => `${field}: ${String(sentences)}`)
    .join(' ');
}
