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
  const range = { 'Content-Range': text('First and last byte, and size of the file.') };
  return {
    200: { description: 'The file, under its own type.', headers, content },
    206: { description: 'The range.', headers: { ...headers, ...range }, content },
    302: {
      description: 'The file is at another URL.',
      headers: { Location: text('The URL to download the file from.') },
    },
    304: { description: 'The file has not changed.', headers: { ETag: headers.ETag } },
    416: { description: 'The range is beyond the end of the file.', headers: range },
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
