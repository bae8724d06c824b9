import type { Server } from 'node:http';
import { plainPath } from '../upload-type/plain-path.js';
import { CORS_NEEDS, type CorsNames } from './cors-needs.js';
import { type ProbeResult, sendProbe } from './probe-request.js';
import { type CheckedType, StartUpCheck } from './start-up-check.js';

/** For one probe, in milliseconds. */
const PATIENCE_MS = 1000;
const ORIGIN = 'https://start-up-check.invalid';
const NOTHING = Buffer.alloc(0);

type Ask = (method: string, fields?: Record<string, string>) => Promise<ProbeResult>;

/**
 * Pages of another origin that are let in, and yet could not upload or resume: a browser sends for
 * them only what the host allows, and shows them only what it exposes. There is no warning where no
 * other origin is let in.
 */
export class CorsCheck extends StartUpCheck {
  async warning({ type, hasRoutes, adapterHost }: CheckedType): Promise<string | null> {
    if (!hasRoutes) return null;
    const server = adapterHost.httpAdapter.getHttpServer() as Server;
    const url = `/${plainPath(type.path)}/start-up/check`;
    const lists = type.protocols.flatMap((name) => CORS_NEEDS[name] ?? []);
    const needed: CorsNames = {
      methods: unique(lists.flatMap(({ methods }) => methods)),
      allowedHeaders: unique(lists.flatMap(({ allowedHeaders }) => allowedHeaders)),
      exposedHeaders: unique(lists.flatMap(({ exposedHeaders }) => exposedHeaders)),
    };
    const missing = await missingOf(needed, (method, fields) => {
      const headers = { 'user-agent': 'nestjs-chunked-upload (start-up check)', origin: ORIGIN };
      const probe = { method, url, headers: { ...headers, ...fields }, body: NOTHING };
      return sendProbe(server, probe, AbortSignal.timeout(PATIENCE_MS));
    });
    const words = Object.entries(missing)
      .filter(([, names]) => names.length > 0)
      .map(([list, names]) => `${list} ${names.join(', ')}`);
    if (words.length === 0) return null;
    const stopped = type.protocols.filter((name) => isMissedBy(missing, CORS_NEEDS[name]));
    return (
      'Pages of other origins are let in, but CORS does not allow them all that they need for ' +
      `${stopped.join(', ')}. Missing: ${words.join('; ')}. ` +
      'Call app.enableCors({ …, ...CHUNKED_UPLOAD_CORS }).'
    );
  }
}

async function missingOf(needed: CorsNames, ask: Ask): Promise<CorsNames> {
  const nothing = { methods: [], allowedHeaders: [], exposedHeaders: [] };
  const preflight = async (method: string) =>
    ask('OPTIONS', {
      'access-control-request-method': method,
      // In lower case and in order, as browsers send them.
      'access-control-request-headers': needed.allowedHeaders
        .map((name) => name.toLowerCase())
        .toSorted()
        .join(','),
    });
  const allowed = await preflight('PUT');
  const answer = await ask('HEAD');
  // A list of origins does not let in that of a probe, but its preflight still tells the methods.
  const isOpen =
    answer.fields['access-control-allow-origin'] ?? allowed.fields['access-control-allow-methods'];
  if (allowed.status === null || answer.status === null || !isOpen) return nothing;
  const methods: string[] = [];
  for (const method of lacking(allowed, 'access-control-allow-methods', needed.methods)) {
    // Some servers name only the method that they were asked for.
    const own = await preflight(method);
    if (own.status === null) return nothing;
    methods.push(...lacking(own, 'access-control-allow-methods', [method]));
  }
  return {
    methods,
    allowedHeaders: lacking(allowed, 'access-control-allow-headers', needed.allowedHeaders),
    exposedHeaders: lacking(answer, 'access-control-expose-headers', needed.exposedHeaders),
  };
}

/** The names that this field of an answer does not list. */
function lacking({ fields }: ProbeResult, field: string, names: readonly string[]): string[] {
  const list = (fields[field] ?? '').split(',').map((name) => name.trim().toLowerCase());
  // With credentials it is no wildcard (Fetch, "CORS protocol and credentials").
  const isWildcard = fields['access-control-allow-credentials'] !== 'true';
  if (isWildcard && list.includes('*')) return [];
  return names.filter((name) => !list.includes(name.toLowerCase()));
}

function isMissedBy(missing: CorsNames, needed: CorsNames | undefined): boolean {
  if (!needed) return false;
  return (
    needed.methods.some((name) => missing.methods.includes(name)) ||
    needed.allowedHeaders.some((name) => missing.allowedHeaders.includes(name)) ||
    needed.exposedHeaders.some((name) => missing.exposedHeaders.includes(name))
  );
}

function unique(names: readonly string[]): string[] {
  return [...new Set(names)];
}
