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

/** The method that is meant: proxies and old clients know no PATCH and DELETE (X-HTTP-Method-Override). */
export function tusMethod({ method = '', headers }: IncomingMessage): string {
  const [override] = [headers['x-http-method-override']].flat();
  return (override?.trim() || method).toUpperCase();
}

/** @throws ChunkedUploadError `unsupported_version` (core protocol, Tus-Resumable) */
export function requireVersion(incoming: IncomingMessage): void {
  const version = fieldOf(incoming, 'tus-resumable')?.trim();
  if (version === TUS_VERSION) return;
  throw ChunkedUploadError.unsupportedVersion(
    `Tus-Resumable has to be ${TUS_VERSION}, the version that is spoken here`,
  );
}

/** @throws ChunkedUploadError `unsupported_body` for bytes that bear another type, or none */
export function requireTusType({ headers }: IncomingMessage): void {
  const type = headers['content-type']?.split(';')[0]?.trim().toLowerCase();
  if (type === TUS_TYPE) return;
  throw ChunkedUploadError.unsupportedBody(
    `The bytes of an upload come with "Content-Type: ${TUS_TYPE}"`,
  );
}
