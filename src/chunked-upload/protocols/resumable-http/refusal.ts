import type { IncomingMessage, ServerResponse } from 'node:http';
import { constants } from 'node:http2';
import type { ChunkedUploadError } from '../../chunked-upload.errors.js';
import { http2StreamOf } from '../http/http2-stream.js';
import { problemMembers, problemType } from './problem.js';
import { uploadRequest } from './upload-request.js';
import { type Fields, completeField } from './upload-state.js';

/** How an error is answered that this protocol has words of its own for. */
export interface Refusal {
  /** Left out: as everywhere. */
  readonly status?: number;
  readonly fields: Fields;
  /** Over what every error says. */
  readonly members: Readonly<Record<string, unknown>>;
}

export function refusalOf(error: ChunkedUploadError, incoming: IncomingMessage): Refusal {
  const wanted = uploadRequest(incoming);
  const isEmpty = wanted.contentLength === 0;
  const problem = problemType(error, isEmpty);
  if (!problem) {
    return error.code === 'too_large'
      ? { status: 413, fields: {}, members: {} }
      : { fields: {}, members: {} };
  }
  const { expectedOffset } = error.facts;
  const hasOffset = error.code === 'offset_mismatch' && expectedOffset !== undefined;
  // An upload is not complete where only the request was wrong about it.
  const state = hasOffset
    ? { 'Upload-Offset': String(expectedOffset), ...completeField(false, wanted.rules) }
    : {};
  return {
    status: problem.status,
    fields: { 'Content-Type': 'application/problem+json', ...state },
    members: problemMembers(error, problem),
  };
}

/**
 * Whether there is to be no answer. Clients that get one with 5xx give up, and go on after a broken
 * connection alone: so whoever is ended for a reason of ours, while bytes still come, is cut off
 * (sections 4.5.2 and 4.6).
 */
export function isBrokenOff(error: ChunkedUploadError): boolean {
  return error.endsRequest;
}

/** Breaks a request off, over HTTP/2 alone its stream. */
export function breakOff(incoming: IncomingMessage, outgoing: ServerResponse): void {
  const stream = http2StreamOf(incoming);
  if (stream) stream.close(constants.NGHTTP2_INTERNAL_ERROR);
  else (outgoing.socket ?? incoming.socket).destroy();
}
