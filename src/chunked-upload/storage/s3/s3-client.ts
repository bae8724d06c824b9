import { createHash } from 'node:crypto';
import { S3Client } from '@aws-sdk/client-s3';
import type { StoreKind } from './part-plan.js';
import type { CheckedOptions } from './s3-options.js';

const CONNECT_MS = 3000;
/** More than all uploads of a process have in hand at once: who finds none free waits. */
const SOCKETS = 256;
/** Downloads hold one each, unread ones for half a minute. */
const READER_SOCKETS = 1024;

type Connection = Exclude<CheckedOptions['connection'], { readonly client: S3Client }>;

const SILENT = { debug: ignore, info: ignore, warn: ignore, error: ignore };

/**
 * The host's client, or one with settings that every store understands: sums only where a call needs
 * one (others refuse them, or store the framing that they come in), no `Expect: 100-continue` (for
 * which the SDK makes a new connection each time), and calls that end. They are repeated here and not
 * by the SDK, which repeats none whose body is a stream.
 */
export function s3Client({ connection }: CheckedOptions): S3Client {
  return 'client' in connection ? connection.client : made(connection, SOCKETS);
}

/**
 * The client for what is read. A download holds a connection for as long as its reader takes: however
 * many there are, they keep none from each other, nor from uploads. A host's client is one for all.
 */
export function s3Reader(client: S3Client, { connection }: CheckedOptions): S3Client {
  if ('client' in connection) return client;
  // The same, which are asked for once.
  const { credentials } = client.config;
  return made({ ...connection, credentials }, READER_SOCKETS);
}

function made(connection: Connection, maxSockets: number): S3Client {
  const { region, endpoint, credentials, forcePathStyle } = connection;
  const agent = { keepAlive: true, maxSockets };
  const client = new S3Client({
    region,
    ...(endpoint !== undefined && { endpoint }),
    ...(credentials !== undefined && { credentials }),
    forcePathStyle: forcePathStyle ?? endpoint !== undefined,
    requestChecksumCalculation: 'WHEN_REQUIRED',
    responseChecksumValidation: 'WHEN_REQUIRED',
    expectContinueHeader: false,
    maxAttempts: 1,
    // It warns of each call whose body is a stream that it does not repeat it.
    logger: SILENT,
    requestHandler: {
      connectionTimeout: CONNECT_MS,
      // Each call has a limit of its own (`s3-calls.ts`), and a store may be silent while it copies.
      socketTimeout: 0,
      httpAgent: agent,
      httpsAgent: agent,
    },
  });
  client.middlewareStack.add(
    (next) => (call) => {
      digestAsEverywhere(call.request as HttpRequest);
      return next(call);
    },
    { step: 'build', priority: 'low', name: 'digestAsEverywhere' },
  );
  return client;
}

/** Whether it speaks to the store that others are compatible with. */
export function isAmazons(client: S3Client): boolean {
  return client.config.endpoint === undefined;
}

/**
 * Whose store it speaks to. At Cloudflare R2 a part that is sent again and fails takes the one before
 * along, whichever of the two was sent first.
 */
export async function kindOf(client: S3Client): Promise<StoreKind> {
  const endpoint = await client.config.endpoint?.();
  return kindAt(endpoint?.hostname);
}

/** The same before a client of the host's has been asked for its endpoint: of R2 that is `other`. */
export function likelyKindOf(client: S3Client, { connection }: CheckedOptions): StoreKind {
  if (isAmazons(client)) return 'amazon';
  const given = 'endpoint' in connection ? connection.endpoint : undefined;
  return given === undefined ? 'other' : kindAt(new URL(given).hostname);
}

function kindAt(hostname: string | undefined): StoreKind {
  if (hostname === undefined) return 'amazon';
  return hostname.endsWith('.r2.cloudflarestorage.com') ? 'r2' : 'other';
}

interface HttpRequest {
  readonly headers: Record<string, string>;
  readonly body?: unknown;
}

/** Where a call needs a sum, the SDK's is one that older stores do not know: all know MD5. */
function digestAsEverywhere({ headers, body }: HttpRequest): void {
  if (headers['x-amz-sdk-checksum-algorithm'] === undefined || typeof body !== 'string') return;
  for (const name of Object.keys(headers)) {
    if (/^x-amz-(sdk-)?checksum-/.test(name)) delete headers[name];
  }
  headers['content-md5'] = createHash('md5').update(body).digest('base64');
}

function ignore(): void {}
