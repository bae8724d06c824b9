import type { Response, Schema } from './openapi.types.js';
import { BINARY } from './request-bodies.js';

export const NO_STORE = { 'Cache-Control': text('`no-store`') };

export function answer(description: string, schema: Schema): Response {
  return { description, headers: NO_STORE, content: { 'application/json': { schema } } };
}

export function number(description: string) {
  return { description, schema: { type: 'integer', format: 'int64' } };
}

export function text(description: string) {
  return { description, schema: { type: 'string' } };
}

export function fileAnswers(): Record<number, Response> {
  const headers = {
    ETag: text('Of these bytes.'),
    'Accept-Ranges': text('`bytes`'),
    'Content-Disposition': text('`attachment`, with the file’s name (RFC 6266).'),
    'Content-Length': number('In bytes.'),
    'X-Content-Type-Options': text('`nosniff`'),
  };
  const content = { '*/*': { schema: BINARY } };
  const range = { 'Content-Range': text('Which bytes these are.') };
  return {
    200: { description: 'The file, under its own type.', headers, content },
    206: { description: 'The range.', headers: { ...headers, ...range }, content },
    302: {
      description: 'The application has the file elsewhere.',
      headers: { Location: text('Where it is to be fetched from.') },
    },
    304: { description: 'It is the one that the caller has.', headers: { ETag: headers.ETag } },
    416: { description: 'No byte of the range is in the file.', headers: range },
  };
}

/** HEAD has the same answers, and no body. */
export function withoutBody(responses: Record<number, Response>): Record<number, Response> {
  const bare = Object.entries(responses).map(([status, { description, headers }]) => [
    status,
    { description, ...(headers ? { headers } : {}) },
  ]);
  return Object.fromEntries(bare) as Record<number, Response>;
}
