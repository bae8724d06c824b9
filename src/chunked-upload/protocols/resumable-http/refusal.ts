import type { IncomingMessage } from 'node:http';
import type { ChunkedUploadError } from '../../chunked-upload.errors.js';
import { STATUS } from '../http/chunked-upload-exception.filter.js';
import type { Refusal } from '../http/upload-protocol.js';
import { problemMembers, problemType } from './problem.js';
import { uploadRequest } from './upload-request.js';
import { completeField } from './upload-state.js';

/** The status of an error that has no problem type. */
export function refusedStatus({ code }: ChunkedUploadError): number {
  return code === 'too_large' ? 413 : STATUS[code];
}

/**
 * How an error is answered. Null: not at all. Clients that get an answer with 5xx give up, and go on
 * after a broken connection alone: so whoever is ended for a reason of ours, while bytes still come,
 * is cut off (sections 4.5.2 and 4.6).
 */
export function refusalOf(error: ChunkedUploadError, incoming: IncomingMessage): Refusal | null {
  if (error.endsRequest) return null;
  const { contentLength, rules } = uploadRequest(incoming);
  const problem = problemType(error, contentLength === 0);
  if (!problem) return { status: refusedStatus(error) };
  const { expectedOffset } = error.facts;
  // An upload is not complete where only the request was wrong about it.
  const state =
    typeof expectedOffset === 'number'
      ? { 'Upload-Offset': String(expectedOffset), ...completeField(false, rules) }
      : {};
  return {
    status: problem.status,
    fields: { 'Content-Type': 'application/problem+json', ...state },
    members: problemMembers(error, problem),
  };
}
