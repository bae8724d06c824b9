import type { IncomingMessage } from 'node:http';
import type { ChunkedUploadError, ChunkedUploadErrorCode } from '../../chunked-upload.errors.js';
import { STATUS as USUAL } from '../http/chunked-upload-exception.filter.js';
import type { Refusal } from '../http/upload-protocol.js';
import { TUS_VERSION } from './tus-request.js';

/** A status of this protocol alone (checksum extension). */
const CHECKSUM_MISMATCH = 460;
const LOCKED = 423;

const STATUS: Partial<Record<ChunkedUploadErrorCode, number>> = {
  offset_mismatch: 409,
  // Its client asks where the upload is after a 409, and learns that there is nothing left to send.
  already_complete: 409,
  too_large: 413,
  end_exceeds_total: 413,
  digest_mismatch: CHECKSUM_MISMATCH,
  checksum_mismatch: CHECKSUM_MISMATCH,
};

/** That of an error, but of HEAD. */
export function tusStatus({ code }: ChunkedUploadError): number {
  return STATUS[code] ?? USUAL[code];
}

/** How an error is answered: in the protocol's statuses, with the sentences of all others. */
export function tusRefusal(error: ChunkedUploadError, incoming: IncomingMessage): Refusal {
  const status = tusStatus(error);
  // Clients that get a 5xx for this question begin a new upload, from 0; after a 423 they ask again.
  if (incoming.method === 'HEAD' && status >= 500) return { status: LOCKED };
  if (error.code === 'unsupported_version')
    return { status, fields: { 'Tus-Version': TUS_VERSION } };
  const { expectedOffset } = error.facts;
  if (typeof expectedOffset !== 'number') return { status };
  return { status, fields: { 'Upload-Offset': String(expectedOffset) } };
}
