import type { IncomingMessage } from 'node:http';
import { ChunkedUploadError } from '../../chunked-upload.errors.js';
import { fieldOf } from '../http/host-request.js';

/** The one version of the protocol that there is: <https://tus.io/protocols/resumable-upload>. */
export const TUS_VERSION = '1.0.0';

/** What of the protocol's extensions is here, in its own words. */
export const TUS_EXTENSIONS = [
  'creation',
  'creation-with-upload',
  'creation-defer-length',
  'termination',
  'checksum',
  'expiration',
] as const;

/** The media type of all bytes (core protocol, PATCH). */
export const TUS_TYPE = 'application/offset+octet-stream';

/** Whether a request says that it speaks tus, in whatever version. */
export function isTus({ headers }: IncomingMessage): boolean {
  return headers['tus-resumable'] !== undefined;
}

/** What proxies and old clients do not know; HEAD passes everywhere. */
const OVERRIDING = new Set(['PATCH', 'DELETE']);

/**
 * The method that a POST means (core protocol, X-HTTP-Method-Override); null: its own. The text has it
 * taken from every request: from one that passes as harmless, such as a HEAD, that would get a DELETE
 * past whoever lets only those through.
 */
export function overridingMethod(incoming: IncomingMessage): string | null {
  if (incoming.method !== 'POST' || !isTus(incoming)) return null;
  const method = namedMethod(incoming);
  return OVERRIDING.has(method) ? method : null;
}

/** @throws ChunkedUploadError `malformed_request` where a request says that it means another method */
export function requireMethod(incoming: IncomingMessage): void {
  const method = namedMethod(incoming);
  if (method === '' || method === incoming.method) return;
  throw ChunkedUploadError.malformedRequest(
    'X-HTTP-Method-Override works only with POST, and must be PATCH or DELETE',
  );
}

function namedMethod(incoming: IncomingMessage): string {
  return fieldOf(incoming, 'x-http-method-override')?.trim().toUpperCase() ?? '';
}

/** @throws ChunkedUploadError `unsupported_version` (core protocol, Tus-Resumable) */
export function requireVersion(incoming: IncomingMessage): void {
  const version = fieldOf(incoming, 'tus-resumable')?.trim();
  if (version === TUS_VERSION) return;
  throw ChunkedUploadError.unsupportedVersion(
    `Tus-Resumable must be ${TUS_VERSION}, the only supported version`,
  );
}

export function hasTusType({ headers }: IncomingMessage): boolean {
  return headers['content-type']?.split(';')[0]?.trim().toLowerCase() === TUS_TYPE;
}

/** @throws ChunkedUploadError `unsupported_body` for bytes that bear another type, or none */
export function requireTusType(incoming: IncomingMessage): void {
  if (hasTusType(incoming)) return;
  throw ChunkedUploadError.unsupportedBody(`Send the bytes with "Content-Type: ${TUS_TYPE}"`);
}
