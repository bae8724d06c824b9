import type { Server } from 'node:http';
import { plainPath } from '../upload-type/plain-path.js';
import { type CheckedType, StartUpCheck } from './start-up-check.js';
import { sendProbe } from './probe-request.js';

/** For one probe, in milliseconds. */
const PATIENCE_MS = 1000;

const BOUNDARY = 'start-up-check';
const FORM = [
  `--${BOUNDARY}`,
  'Content-Disposition: form-data; name="file"; filename="probe"',
  'Content-Type: application/octet-stream',
  '',
  'probe',
  `--${BOUNDARY}--`,
  '',
].join('\r\n');

/** What a chunk may come as, and an example of it. */
const BODIES = [
  { type: 'application/octet-stream', parameter: '', body: Buffer.from('probe') },
  { type: 'multipart/form-data', parameter: `; boundary=${BOUNDARY}`, body: Buffer.from(FORM) },
];

// What is used of Express, which is not imported.
interface ExpressApplication {
  readonly router?: {
    readonly stack: readonly {
      readonly route?: { readonly path: unknown; readonly methods: Record<string, boolean> };
    }[];
  };
}

/**
 * A body parser of the host that reads chunks before we can. Which of its middleware does cannot be
 * told by looking at it, so a request of a few bytes is sent through all of it, to a path below the
 * uploads that no route serves: guards and interceptors do not see it. On Fastify parsers do not
 * come near the routes of uploads.
 */
export class BodyParserCheck extends StartUpCheck {
  async warning({ type, hasRoutes, adapterHost }: CheckedType): Promise<string | null> {
    const adapter = adapterHost.httpAdapter;
    if (!hasRoutes || adapter.getType() !== 'express') return null;
    const server = adapter.getHttpServer() as Server;
    const path = mountedAt(adapter.getInstance<ExpressApplication>(), type.path);
    const url = `${path}/start-up/check`;
    const eaten: string[] = [];
    for (const { type: contentType, parameter, body } of BODIES) {
      const headers = {
        'user-agent': 'nestjs-chunked-upload (start-up check)',
        'content-type': contentType + parameter,
        'content-range': 'bytes 0-4/5',
      };
      const { status, wasRead } = await sendProbe(
        server,
        { method: 'PUT', url, headers, body },
        AbortSignal.timeout(PATIENCE_MS),
      );
      // What succeeded was for a route of the host that takes everything.
      if (wasRead && (status === null || status >= 400)) eaten.push(contentType);
    }
    if (eaten.length === 0) return null;
    return (
      `A body parser of this application reads ${eaten.join(' and ')} bodies before the upload ` +
      'can: chunks are held in memory or refused. Narrow its "type", or mount it on other paths.'
    );
  }
}

/** The path of the type with the host's prefix and version, as they stand in the routing table. */
function mountedAt({ router }: ExpressApplication, path: string): string {
  const own = `/${plainPath(path)}`;
  const paths = (router?.stack ?? [])
    .filter(({ route }) => route?.methods['put'])
    .map(({ route }) => String(route?.path))
    .filter((each) => each.endsWith(own));
  return paths.toSorted((left, right) => left.length - right.length)[0] ?? own;
}
