import type { IncomingHttpHeaders } from 'node:http';
import { create as contentDisposition } from 'content-disposition';
import fresh from 'fresh';
import { lookup } from 'mime-types';
import parseRange from 'range-parser';
import type { AbstractChunkedUpload } from '../../chunked-upload.entity.js';
import type { ByteRange } from '../../storage/storage.provider.js';

/** Status line and headers of a download, and which bytes belong to it. */
export interface FileResponse {
  readonly status: 200 | 206 | 304 | 416;
  readonly headers: Record<string, string>;
  /** Undefined: the whole file. */
  readonly range?: ByteRange;
}

/**
 * Decides how a completed file is served (RFC 9110, sections 13 and 14): as a download, never
 * inline, whatever its type. Several ranges at once are answered with the whole file.
 */
export function fileResponse(
  upload: AbstractChunkedUpload,
  requestHeaders: IncomingHttpHeaders,
): FileResponse {
  const size = upload.offset;
  const etag = `"${upload.checksum ?? upload.id}"`;
  const modified = (upload.completedAt ?? upload.createdAt).toUTCString();
  const headers: Record<string, string> = {
    'Accept-Ranges': 'bytes',
    'Cache-Control': 'private, no-cache',
    'Content-Disposition': contentDisposition(upload.filename),
    'Content-Security-Policy': "default-src 'none'; sandbox",
    'Last-Modified': modified,
    'X-Content-Type-Options': 'nosniff',
    ETag: etag,
  };
  if (isFresh(requestHeaders, etag, modified)) return { status: 304, headers };
  headers['Content-Type'] = lookup(upload.filename) || 'application/octet-stream';
  const range = requestedRange(requestHeaders, size, etag, modified);
  if (range === 'unsatisfiable') {
    const unsatisfiable = { ...headers, 'Content-Range': `bytes */${size}`, 'Content-Length': '0' };
    return { status: 416, headers: unsatisfiable };
  }
  if (!range) return { status: 200, headers: { ...headers, 'Content-Length': String(size) } };
  headers['Content-Range'] = `bytes ${range.start}-${range.end}/${size}`;
  headers['Content-Length'] = String(range.end - range.start + 1);
  return { status: 206, headers, range };
}

// Without the request's Cache-Control, which `fresh` obeys: `fetch` adds `no-cache` to every request
// with a condition of its own, and would never be told 304.
function isFresh(requestHeaders: IncomingHttpHeaders, etag: string, modified: string): boolean {
  const conditions = {
    'if-none-match': requestHeaders['if-none-match'],
    'if-modified-since': requestHeaders['if-modified-since'],
  };
  return fresh(conditions, { etag, 'last-modified': modified });
}

function requestedRange(
  { range: header, 'if-range': condition }: IncomingHttpHeaders,
  size: number,
  etag: string,
  modified: string,
): ByteRange | 'unsatisfiable' | null {
  if (header === undefined) return null;
  if (condition !== undefined && condition !== etag && condition !== modified) return null;
  // The last n bytes of a file that has fewer are all of it, which range-parser calls unsatisfiable.
  const [, suffix] = /^bytes=-(\d+)$/.exec(header) ?? [];
  if (suffix !== undefined && Number(suffix) > size && size > 0) return { start: 0, end: size - 1 };
  const ranges = parseRange(size, header, { combine: true });
  if (ranges === -1) return 'unsatisfiable';
  if (ranges === -2 || ranges.type !== 'bytes') return null;
  const [range] = ranges;
  return range && ranges.length === 1 ? { start: range.start, end: range.end } : null;
}
