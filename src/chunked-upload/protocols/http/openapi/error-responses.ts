import type { ChunkedUploadError } from '../../../chunked-upload.errors.js';
import { RETRY_AFTER, STATUS, errorBody } from '../chunked-upload-exception.filter.js';
import type { Response } from './openapi.types.js';

/**
 * The answers to errors, by status, each with all its bodies as examples: the real ones. `statusOf`: in
 * the statuses of a protocol that has its own.
 */
export function errorResponses(
  errorRef: string,
  errors: readonly ChunkedUploadError[],
  statusOf: (error: ChunkedUploadError) => number = ({ code }) => STATUS[code],
): Record<number, Response> {
  const byStatus = new Map<number, ChunkedUploadError[]>();
  for (const error of errors) {
    const status = statusOf(error);
    byStatus.set(status, [...(byStatus.get(status) ?? []), error]);
  }
  const responses = [...byStatus].map(([status, alike]) => [
    status,
    errorResponse(errorRef, alike, status),
  ]);
  return Object.fromEntries(responses) as Record<number, Response>;
}

function errorResponse(
  errorRef: string,
  errors: readonly ChunkedUploadError[],
  status: number,
): Response {
  const examples = errors.map(
    (error) => [exampleName(error), { value: errorBody(error) }] as const,
  );
  const sentences = errors.flatMap(sentencesOf);
  const isRetried = RETRY_AFTER[status] !== undefined;
  const retryAfter = {
    'Retry-After': { description: 'In seconds.', schema: { type: 'integer' } },
  };
  return {
    description:
      sentences.length > 1 ? sentences.map((each) => `- ${each}`).join('\n') : sentences.join(''),
    ...(isRetried ? { headers: retryAfter } : {}),
    content: {
      'application/json': { schema: { $ref: errorRef }, examples: Object.fromEntries(examples) },
    },
  };
}

export function sentencesOf({ detail }: ChunkedUploadError): string[] {
  if (typeof detail === 'string') return [detail];
  return Object.entries(detail).map(([field, about]) => `\`${field}\`: ${about.join(' ')}`);
}

export function exampleName({ code, detail }: ChunkedUploadError): string {
  return typeof detail === 'string' ? code : `${code}.${Object.keys(detail).join()}`;
}
