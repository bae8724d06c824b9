import type { IncomingHttpHeaders, IncomingMessage, ServerResponse } from 'node:http';
import { forwardedPort, forwardedPrefix, isFromTrustedProxy } from './forwarded.js';
import { parseUrlencoded } from './urlencoded.js';

/** What Express' and Fastify's requests have in common, and we use. */
export interface HostRequest {
  /** Fastify: Node's request below it. */
  readonly raw?: IncomingMessage;
  readonly headers: IncomingHttpHeaders;
  /** What a guard of the host has made of its sender. */
  readonly user?: unknown;
  /** What a parser of the host has made of the body. */
  readonly body?: unknown;
  /** The bytes of which it has made that: cloud functions keep them, and Nest with `rawBody: true`. */
  readonly rawBody?: unknown;
  /** As the client sees it, if the host trusts its proxy. */
  readonly protocol?: string;
  readonly host?: string;
  readonly originalUrl?: string;
}

/** What Express' and Fastify's responses have in common, and we use. */
export interface HostResponse {
  /** Fastify: Node's response below it. */
  readonly raw?: ServerResponse;
  status(code: number): unknown;
  header(name: string, value: string): unknown;
}

// RFC 3986, section 3.2.2, without its rarer characters.
const HOST = /^(\[[\da-f:.]+\]|[\w.-]+)(:\d+)?$/i;

/** Node's own request. */
export function incomingOf(request: HostRequest): IncomingMessage {
  return request.raw ?? (request as unknown as IncomingMessage);
}

/** The body, where a parser of the host has read it and kept its bytes; null: not so. */
export function parsedBytes({ body, rawBody }: HostRequest): Buffer | null {
  return [body, rawBody].find((each): each is Buffer => Buffer.isBuffer(each)) ?? null;
}

/** Node's own response. */
export function outgoingOf(response: HostResponse): ServerResponse {
  return response.raw ?? (response as unknown as ServerResponse);
}

/**
 * The values of a header that is to come once, one after the other. Over HTTP/2, Node would pass over
 * all but the first.
 */
export function fieldOf(
  { headers, rawHeaders }: IncomingMessage,
  name: string,
): string | undefined {
  const values = rawHeaders.filter((_, at) => rawHeaders[at - 1]?.toLowerCase() === name && at % 2);
  return values.length > 1 ? values.join(', ') : headers[name]?.toString();
}

/** The request's absolute URL without its query and its last `levels` segments. */
export function absoluteUrl(request: HostRequest, levels: number): string {
  const incoming = incomingOf(request);
  const target = request.originalUrl ?? incoming.url ?? '/';
  // A request line may hold a whole URL (RFC 9112, section 3.2.2).
  const [whole = ''] = /^[a-z][a-z\d+.-]*:\/\/[^/?]*/i.exec(target) ?? [];
  const segments = plainEnd(target.slice(whole.length).split('?')[0] ?? '').split('/');
  const path = percentEncoded(segments.slice(0, segments.length - levels).join('/'));
  const host = request.host ?? incoming.headers.host ?? '';
  // What is no host is not repeated: it could end the header or the page that it is shown in.
  const [, name = 'localhost', port = ''] = HOST.exec(host) ?? [];
  const scheme = /^https$/i.test(request.protocol ?? '') ? 'https' : 'http';
  if (!isFromTrustedProxy(request)) return `${scheme}://${name}${port}${path}`;
  const { headers } = incoming;
  // A host with a port is what the client has asked; without one, the proxy may be at another port.
  return `${scheme}://${name}${port || forwardedPort(headers)}${forwardedPrefix(headers)}${path}`;
}

/** Over HTTP/2 letters may come as plain bytes, of which Node shows each as a letter. */
function percentEncoded(path: string): string {
  return path.replace(
    /[\x80-\xFF]/g,
    (byte) => `%${byte.charCodeAt(0).toString(16).toUpperCase()}`,
  );
}

/** Without slashes at its end; a pattern would look at each slash of many once for all before it. */
function plainEnd(path: string): string {
  let end = path.length;
  while (end > 0 && path[end - 1] === '/') end -= 1;
  return path.slice(0, end);
}

/** The query string. @throws ChunkedUploadError `invalid_field` where it is no UTF-8 */
export function queryOf(incoming: IncomingMessage): URLSearchParams {
  const url = incoming.url ?? '';
  const question = url.indexOf('?');
  return parseUrlencoded(question < 0 ? '' : url.slice(question + 1));
}
