import type { UploadContext } from '../../chunked-upload.context.js';
import { type AbstractChunkedUpload, ChunkedUploadStatus } from '../../chunked-upload.entity.js';
import { ChunkedUploadError } from '../../chunked-upload.errors.js';
import { setFields } from '../http/answer-head.js';
import { announcedLimits } from '../http/announced-limits.js';
import {
  type HostRequest,
  type HostResponse,
  incomingOf,
  outgoingOf,
} from '../http/host-request.js';
import { type ReceivedFile, isNothing } from '../http/received-file.js';
import type { ProtocolSteps } from '../http/upload-protocol.js';
import { sendInterim } from './interim-response.js';
import { NEWEST } from './interop-version.js';
import type { UploadRequest } from './upload-request.js';
import {
  type Fields,
  completeField,
  limitField,
  stateFields,
  versionField,
} from './upload-state.js';

/** The media type of what is appended (section 6). */
export const PARTIAL = 'application/partial-upload';

/** One request of this protocol: who asks, how, and by which draft. */
export interface Exchange {
  readonly request: HostRequest;
  readonly response: HostResponse;
  readonly context: UploadContext;
  readonly wanted: UploadRequest;
  /** Of the upload type, without a slash at its end. */
  readonly collectionUrl: string;
}

/** Says how an upload stands. */
export async function acknowledge(
  exchange: Exchange,
  upload: AbstractChunkedUpload,
  status: number,
): Promise<void> {
  const { response, wanted } = exchange;
  const limits = await limitsOf(exchange, upload);
  setFields(response, { ...stateFields(upload, wanted.rules), ...limits });
  response.status(status);
}

/** Sends an interim response, to a client that is known to understand it. */
export function inform({ request, response, wanted }: Exchange, fields: Fields): void {
  if (wanted.version === null) return;
  const all = { ...versionField(wanted.version), ...fields };
  sendInterim(incomingOf(request), outgoingOf(response), all);
}

/** What may be sent. Null: to a new upload. */
export async function limitsOf(
  { context, wanted }: Exchange,
  upload: AbstractChunkedUpload | null,
): Promise<Fields> {
  const limits = (await context.limits?.()) ?? { min: 0, max: null };
  return { 'Upload-Limit': limitField(limits, upload?.expiresAt ?? null, wanted.rules) };
}

/**
 * What the answer to a question without a version, which this protocol allows, tells besides where to go
 * on (section 4.3). The question itself is the contract's own: it does not end who really sends.
 */
export async function unmarkedState(
  upload: AbstractChunkedUpload,
  context: UploadContext,
): Promise<Fields> {
  const state = completeField(upload.status === ChunkedUploadStatus.Complete, NEWEST);
  try {
    const limits = (await context.limits?.()) ?? { min: 0, max: null };
    return { ...state, 'Upload-Limit': limitField(limits, upload.expiresAt, NEWEST) };
  } catch {
    // The host's rules: whoever only asks where to go on is not to be refused by them.
    return state;
  }
}

/** What OPTIONS tells of uploads that are yet to be created (section 4.1.4). */
export async function announced(steps: ProtocolSteps, request: HostRequest): Promise<Fields> {
  const limits = await announcedLimits(steps, request);
  return {
    'Accept-Patch': PARTIAL,
    'Upload-Limit': limitField(limits ?? { min: 0, max: null }, null, NEWEST),
  };
}

/**
 * What is appended, from interop version 6 on (section 6); null: nothing, whatever its type.
 *
 * @throws ChunkedUploadError `unsupported_body`
 */
export async function partialContent(
  { request, response }: Exchange,
  file: ReceivedFile | null,
): Promise<ReceivedFile | null> {
  const type = incomingOf(request).headers['content-type']?.split(';')[0]?.trim().toLowerCase();
  if (!file || type === PARTIAL) return file;
  // That there are no bytes need not be announced.
  if (await isNothing(file)) return null;
  response.header('Accept-Patch', PARTIAL);
  throw ChunkedUploadError.unsupportedBody(
    `The bytes of an upload are appended with "Content-Type: ${PARTIAL}"`,
  );
}
