import { type Credentials } from '../transport.js';
import { isRepresentation, type Representation } from '../representation.js';
import { headersFrom, type HeaderSource } from '../request-headers.js';
import { UploadError } from '../upload-error.js';
import { Endpoint } from '../endpoint.js';

/** How the server is asked. */
export interface ServerAccess {
  readonly endpoint: string | URL;
  readonly headers: HeaderSource;
  readonly credentials: Credentials;
}

/** Whether both give the same headers; of two functions nobody knows. */
export function isSameSource(one: HeaderSource, other: HeaderSource): boolean {
  if (one === other) return true;
  if (typeof one === 'function' || typeof other === 'function') return false;
  return JSON.stringify(one) === JSON.stringify(other);
}

/** More than this is no list for a page any more. */
const MOST_PAGES = 20;

/**
 * All complete uploads of the caller, newest first; the server gives them oldest first, a thousand
 * at a time.
 *
 * @throws UploadError
 */
export async function listStored(access: ServerAccess, signal: AbortSignal): Promise<Stored[]> {
  const found: Stored[] = [];
  let url: string | null = new Endpoint(access.endpoint).list({ status: 2 });
  for (let page = 0; url !== null && page < MOST_PAGES; page += 1) {
    const response: Response = await ask(access, 'GET', url, signal);
    const list: unknown = await response.json().catch(() => null);
    if (!Array.isArray(list)) throw UploadError.protocol('The response is not a list of uploads.');
    for (const upload of list) if (isRepresentation(upload)) found.push(storedOf(upload));
    url = nextPage(response, url);
  }
  return found.toReversed();
}

/** An upload that is complete. */
export interface Stored {
  readonly key: string;
  readonly upload: Representation;
}

export function storedOf(upload: Representation): Stored {
  return { key: upload.id, upload };
}

/** @throws UploadError */
export async function deleteStored(access: ServerAccess, id: string): Promise<void> {
  const url = new Endpoint(access.endpoint).upload(id);
  await ask(access, 'DELETE', url).catch((error: unknown) => {
    if (!(error instanceof UploadError && error.code === 'gone')) throw error;
  });
}

/**
 * Hands a stored file to the browser's downloads. A plain link sends cookies, but no header: where
 * there are some, the file is fetched and handed over, which takes memory of its size.
 *
 * @throws UploadError
 */
export async function download(access: ServerAccess, upload: Representation): Promise<void> {
  const url = fileUrl(access.endpoint, upload);
  const own = await headersFrom(access.headers);
  if (Object.keys(own).length === 0) return save(url, upload.filename);
  const response = await ask(access, 'GET', url);
  const blob = URL.createObjectURL(await response.blob());
  save(blob, upload.filename);
  // The browser has to open it before it may go.
  setTimeout(() => URL.revokeObjectURL(blob), 60_000);
}

/** Built here, as the client does: the server's own may name a host that this page cannot reach. */
function fileUrl(endpoint: string | URL, { id }: Representation): string {
  const url = new URL(new Endpoint(endpoint).upload(id));
  url.pathname += '/file';
  return url.href;
}

function save(href: string, name: string): void {
  const link = Object.assign(document.createElement('a'), { href, download: name });
  link.click();
}

async function ask(
  access: ServerAccess,
  method: 'DELETE' | 'GET',
  url: string,
  signal?: AbortSignal,
): Promise<Response> {
  const headers = await headersFrom(access.headers);
  const { credentials } = access;
  const init = { method, headers, credentials, ...(signal ? { signal } : {}) };
  const response = await fetch(url, init).catch((error: unknown) => {
    throw UploadError.network(error);
  });
  if (response.ok) return response;
  const { status } = response;
  const text = await response.text().catch(() => '');
  throw UploadError.fromResponse({ status, headers: response.headers, text });
}

/** RFC 8288. Its host is that of the list: a proxy may have another name for the server. */
function nextPage(response: Response, from: string): string | null {
  const [, target] = /<([^>]*)>\s*;\s*rel="?next"?/.exec(response.headers.get('link') ?? '') ?? [];
  if (target === undefined) return null;
  const next = new URL(from);
  next.search = new URL(target, from).search;
  return next.href;
}
