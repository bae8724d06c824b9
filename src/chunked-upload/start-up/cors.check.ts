import type { Server } from 'node:http';
import { plainPath } from '../upload-type/plain-path.js';
import { sendProbe } from './probe-request.js';
import { type CheckedType, StartUpCheck } from './start-up-check.js';

/** For one probe, in milliseconds. */
const PATIENCE_MS = 1000;
const ORIGIN = 'https://start-up-check.invalid';
const NOTHING = Buffer.alloc(0);

/** What a page must send, and read, to go on with an upload. */
const NEEDED = {
  // Our own client asks for what it may not read.
  'content-range': { sent: ['Content-Range', 'Content-Type'], read: [] },
  tus: {
    sent: ['Tus-Resumable', 'Upload-Length', 'Upload-Offset', 'Upload-Metadata', 'Content-Type'],
    read: ['Location', 'Upload-Offset', 'Upload-Length', 'Tus-Resumable'],
  },
};

/**
 * Pages of another origin that are let in, and yet could not resume: a browser shows them only the
 * headers that the host names. Nothing is said where no other origin is let in.
 */
export class CorsCheck extends StartUpCheck {
  async warning({ type, hasRoutes, adapterHost }: CheckedType): Promise<string | null> {
    if (!hasRoutes) return null;
    const protocols: readonly string[] = type.protocols;
    const needed = Object.entries(NEEDED).filter(([name]) => protocols.includes(name));
    const sent = unique(needed.flatMap(([, each]) => each.sent));
    const read = unique(needed.flatMap(([, each]) => each.read));
    const server = adapterHost.httpAdapter.getHttpServer() as Server;
    const ask = async (method: string, fields: Record<string, string>) => {
      const url = `/${plainPath(type.path)}/start-up/check`;
      const headers = { 'user-agent': 'nestjs-chunked-upload (start-up check)', origin: ORIGIN };
      const probe = { method, url, headers: { ...headers, ...fields }, body: NOTHING };
      return (await sendProbe(server, probe, AbortSignal.timeout(PATIENCE_MS))).fields;
    };
    const preflight = await ask('OPTIONS', {
      'access-control-request-method': 'PUT',
      'access-control-request-headers': sent.join(','),
    });
    const answer = await ask('HEAD', {});
    if (!answer['access-control-allow-origin']) return null;
    const missing = [
      ...lacking(preflight['access-control-allow-headers'], sent).map((name) => `send ${name}`),
      ...lacking(answer['access-control-expose-headers'], read).map((name) => `read ${name}`),
    ];
    if (missing.length === 0) return null;
    return (
      `Pages of other origins are let in, but may not ${missing.join(', ')}: their uploads could ` +
      'not be resumed. Call app.enableCors({ …, ...CHUNKED_UPLOAD_CORS }).'
    );
  }
}

function lacking(allowed: string | undefined, names: readonly string[]): string[] {
  const list = (allowed ?? '').split(',').map((name) => name.trim().toLowerCase());
  return list.includes('*') ? [] : names.filter((name) => !list.includes(name.toLowerCase()));
}

function unique(names: readonly string[]): string[] {
  return [...new Set(names)];
}
