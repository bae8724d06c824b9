import { UploadError } from './upload-error.js';

/** Headers, or a function that is called before each request, e.g. for a fresh token. */
export type HeaderSource =
  | Readonly<Record<string, string>>
  | (() => Readonly<Record<string, string>> | Promise<Readonly<Record<string, string>>>);

type Headers = Readonly<Record<string, string>>;

const DEFAULTS: Headers = { Accept: 'application/json' };

/**
 * What a caller wants to send, and under it what the protocol needs, whatever the case of its letters: two of
 * one name would be sent as one, with both values.
 *
 * @throws UploadError `protocol` for what no request can carry, such as a letter outside of Latin-1
 */
export function mergedHeaders(own: Headers, needed: Headers): Headers {
  const all = { ...without(DEFAULTS, own), ...without(own, needed), ...needed };
  try {
    void new globalThis.Headers(all);
  } catch (cause) {
    const reason = cause instanceof Error ? cause.message : String(cause);
    // A browser would say that the connection is lost, and it would be tried again for ever.
    throw new UploadError('protocol', `The headers cannot be sent. ${reason}`, { cause });
  }
  return all;
}

/** Those whose names are not among the others', as HTTP compares names. */
function without(headers: Headers, others: Headers): Headers {
  const names = new Set(Object.keys(others).map((name) => name.toLowerCase()));
  const left = Object.entries(headers).filter(([name]) => !names.has(name.toLowerCase()));
  return Object.fromEntries(left);
}

/**
 * The headers for the next request.
 *
 * @throws UploadError `network` where they could not be fetched, which is worth another try; `forbidden` with
 * the caller's own words where somebody is not signed in any more
 */
export async function headersFrom(source: HeaderSource): Promise<Headers> {
  if (typeof source !== 'function') return source;
  try {
    // Whoever writes JavaScript may have nothing to add.
    const given: Headers | undefined = await source();
    return given ?? {};
  } catch (cause) {
    if (cause instanceof UploadError) throw cause;
    if (isPassing(cause)) throw UploadError.network(cause);
    const said = (cause instanceof Error ? cause.message.trim() : '') || null;
    throw new UploadError('forbidden', said ?? 'You are not signed in.', { said, cause });
  }
}

/** What `fetch` throws in Chrome, Node, Firefox and Safari. Other errors of this class are faults of programs. */
const FETCH_FAILED =
  /^(?:failed to fetch|fetch failed|networkerror|load failed|the network|the internet)/i;

/** Statuses that libraries make errors of, and that another try may not meet. */
const isAway = (status: unknown): boolean =>
  typeof status === 'number' && (status >= 500 || status === 408 || status === 429);

/** Whether the network, or a server that gives tokens, is away. */
function isPassing(error: unknown): boolean {
  if (error instanceof TypeError) return FETCH_FAILED.test(error.message);
  // In Node there is no such property.
  if (typeof navigator !== 'undefined' && 'onLine' in navigator && !navigator.onLine) return true;
  const { code, name, status, response } = Object(error) as Readonly<Record<string, unknown>>;
  if (isAway(status) || isAway(Object(response)['status'])) return true;
  return /network|timeout|timedout|econn|enotfound|eai_again/i.test(
    `${String(code)} ${String(name)}`,
  );
}
