import type { DetailedUpload, ListedUpload } from '../admin-representation.js';
import type { SelectedUpload } from '../admin-selection.js';
import type { Outcome, UploadListPage } from '../admin.service.js';

export type { DetailedUpload, ListedUpload, Outcome, SelectedUpload, UploadListPage };

/** What keeps an upload apart from all others of the page. */
export function keyOf({ type, id }: SelectedUpload): string {
  return `${type}/${id}`;
}

/** An answer that is none, in a sentence. */
export class ApiError extends Error {
  override readonly name = 'ApiError';
}

// This file lies in `assets`, beside which the endpoints are.
const API = new URL('../api/', import.meta.url);

export function fetchTypes(): Promise<{ types: string[]; statuses: string[] }> {
  return get('types', new URLSearchParams());
}

export function fetchList(query: URLSearchParams): Promise<UploadListPage> {
  return get('uploads', query);
}

export function fetchCount(query: URLSearchParams): Promise<{ count: number; exact: boolean }> {
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
    throw new ApiError('The server cannot be reached.', { cause: error });
  });
  const body: unknown = await response.json().catch(() => null);
  if (response.ok && body !== null) return body;
  throw new ApiError(sentenceOf(response.status, body));
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
