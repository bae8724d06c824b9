import { number, text } from '../../http/openapi/answers.js';
import type { Response } from '../../http/openapi/openapi.types.js';
import { BINARY } from '../../http/openapi/request-bodies.js';

/**
 * The answers to a download.
 *
 * @param errorRef the schema of errors
 */
export function fileAnswers(errorRef: string): Record<number, Response> {
  const headers = {
    ETag: text('Of these bytes.'),
    'Accept-Ranges': text('`bytes`'),
    'Content-Disposition': text('`attachment`, with the file’s name (RFC 6266).'),
    'Content-Length': number('In bytes.'),
    'X-Content-Type-Options': text('`nosniff`'),
  };
  const content = { '*/*': { schema: BINARY } };
  const range = { 'Content-Range': text('First and last byte, and size of the file.') };
  const error = { 'application/json': { schema: { $ref: errorRef } } };
  return {
    200: { description: 'The file, under its own type.', headers, content },
    206: { description: 'The range.', headers: { ...headers, ...range }, content },
    302: {
      description: 'The file is at another URL.',
      headers: { Location: text('The URL to download the file from.') },
    },
    304: { description: 'The file has not changed.', headers: { ETag: headers.ETag } },
    412: { description: 'The file is not the one that the condition names.', content: error },
    416: {
      description: 'The range is beyond the end of the file.',
      headers: range,
      content: error,
    },
  };
}
