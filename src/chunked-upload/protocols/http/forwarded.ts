import type { IncomingHttpHeaders } from 'node:http';

// Express and Fastify know of `X-Forwarded-Proto` and `-Host`, and of whom to believe them.

const PROBE = 'a-trusted-proxy.invalid';
const DEFAULT_PORTS = new Set(['80', '443']);
// RFC 3986, section 3.3: segments, none of them empty.
const PATH = /^(\/[\w.~!$&'()*+,;=:@%-]+)+$/;

/** Whether the host trusts what the sender of the request says in its `X-Forwarded-*`. */
export function isFromTrustedProxy(request: { readonly host?: string }): boolean {
  // Whom it trusts is told by no property of a request: what comes of such a header tells it.
  const headers = { value: { 'x-forwarded-host': PROBE } };
  const probe = Object.create(request, { headers }) as typeof request;
  return probe.host === PROBE;
}

/**
 * `:8443` of `X-Forwarded-Port`; empty for none. Nor is the usual port shown, also of the other
 * scheme: that is the proxy's own, behind another one that speaks TLS.
 */
export function forwardedPort(headers: IncomingHttpHeaders): string {
  const [port = ''] = valuesOf(headers['x-forwarded-port']);
  return /^\d{1,5}$/.test(port) && !DEFAULT_PORTS.has(port) ? `:${port}` : '';
}

/** The path that proxies have taken off the request's, the outermost first; empty for none. */
export function forwardedPrefix(headers: IncomingHttpHeaders): string {
  const prefix = valuesOf(headers['x-forwarded-prefix'])
    .map((value) => value.replace(/\/$/, ''))
    .join('');
  return PATH.test(prefix) ? prefix : '';
}

function valuesOf(header: string | string[] | undefined): string[] {
  return [header ?? []]
    .flat()
    .flatMap((line) => line.split(','))
    .map((value) => value.trim());
}
