import type { ChunkedUploadError } from '../../chunked-upload.errors.js';
import { errorBody } from '../http/chunked-upload-exception.filter.js';
import { exampleName, sentencesOf } from '../http/openapi/error-responses.js';
import { mergedResponses } from '../http/openapi/merged-routes.js';
import type { Response, Schema } from '../http/openapi/openapi.types.js';
import { problemMembers, problemType } from './problem.js';

const TEXT: Schema = { type: 'string' };
const BYTES: Schema = { type: 'integer', format: 'int64', minimum: 0 };

/** RFC 9457, with the members of section 7. */
const PROBLEM: Schema = {
  type: 'object',
  properties: {
    type: { ...TEXT, format: 'uri' },
    title: TEXT,
    status: { type: 'integer' },
    detail: TEXT,
    'expected-offset': BYTES,
    'provided-offset': BYTES,
  },
  required: ['type', 'title', 'status', 'detail'],
};

export function isProblem(error: ChunkedUploadError): boolean {
  return problemType(error, true) !== null;
}

/** The answers to those of the errors that have a problem type, by status. */
export function problemResponses(errors: readonly ChunkedUploadError[]): Record<number, Response> {
  let responses: Readonly<Record<number, Response>> = {};
  for (const error of errors) {
    const problem = problemType(error, true);
    if (!problem) continue;
    const value = { ...errorBody(error), ...problemMembers(error, problem) };
    const examples = { [exampleName(error)]: { value } };
    const description = sentencesOf(error).join(' ');
    const content = { 'application/problem+json': { schema: PROBLEM, examples } };
    responses = mergedResponses(responses, { [problem.status]: { description, content } });
  }
  return responses;
}
