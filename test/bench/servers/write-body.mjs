import { createWriteStream } from 'node:fs';
import { basename, join } from 'node:path';
import { pipeline } from 'node:stream/promises';
import { directory } from './announce.mjs';

/** What a handler without any library does with a body: `PUT /name?offset=0`. */
export function writeBody(request) {
  const { pathname, searchParams } = new URL(request.url, 'http://localhost');
  const start = Number(searchParams.get('offset'));
  const path = join(directory, basename(pathname));
  return pipeline(request, createWriteStream(path, { flags: start ? 'r+' : 'w', start }));
}
