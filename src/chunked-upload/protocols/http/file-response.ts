import type { IncomingHttpHeaders } from 'node:http';
import { create as contentDisposition } from 'content-disposition';
import { lookup } from 'mime-types';
import parseRange from 'range-parser';
import type { AbstractChunkedUpload } from '../../chunked-upload.entity.js';
import type { ByteRange } from '../../storage/storage.provider.js';
import { downloadName } from './filename.js';
import { isThisFile, preconditionOf } from './preconditions.js';

const FAILED = 'The file is not the one that the request names, or has been changed since';

/** Status line and headers of a download, and which bytes belong to it. */
export interface FileResponse {
  readonly status: 200 | 206 | 304 | 412 | 416;
  readonly headers: Record<string, string>;
  /** Why there are no bytes of it; undefined: there are, or the client has them. */
  readonly detail?: string;
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
  const name = downloadName(upload.filename, upload.id);
  const always: Record<string, string> = {
    'Accept-Ranges': 'bytes',
    // Compressed on its way it would not be the bytes that the ETag and the range name.
    'Cache-Control': 'private, no-cache, no-transform',
    'Content-Security-Policy': "default-src 'none'; sandbox",
    'Last-Modified': modified,
    'X-Content-Type-Options': 'nosniff',
    ETag: etag,
  };
  const precondition = preconditionOf(requestHeaders, etag, modified);
  // Without the name by which a browser would save it: that is the file's.
  if (precondition === 'failed') return { status: 412, headers: always, detail: FAILED };
  const headers: Record<string, string> = {
    ...always,
    'Content-Disposition': contentDisposition(name),
  };
  if (precondition === 'not-modified') return { status: 304, headers };
  headers['Content-Type'] = lookup(name) || 'application/octet-stream';
  const range = requestedRange(requestHeaders, size, etag, modified);
  if (range === 'unsatisfiable') {
    const detail = `The range is not within the file, which has ${size} bytes`;
    return { status: 416, headers: { ...always, 'Content-Range': `bytes */${size}` }, detail };
  }
  if (!range) return { status: 200, headers: { ...headers, 'Content-Length': String(size) } };
  headers['Content-Range'] = `bytes ${range.start}-${range.end}/${size}`;
  headers['Content-Length'] = String(range.end - range.start + 1);
  return { status: 206, headers, range };
}

function requestedRange(
  { range: header, 'if-range': condition }: IncomingHttpHeaders,
  size: number,
  etag: string,
  modified: string,
): ByteRange | 'unsatisfiable' | null {
  // Of nothing there is no range; who asks for the beginning of a file means it, if it is empty.
  if (header === undefined || size === 0) return null;
  if (condition !== undefined && !isThisFile(String(condition), etag, modified)) return null;
  // The last n bytes of a file that has fewer are all of it, which range-parser calls unsatisfiable.
  const within = header.replace(
    /([=,]\s*)-(\d+)(?=\s*(?:,|$))/g,
    (range, before: string, count: string) => (Number(count) > size ? `${before}0-` : range),
  );
  const ranges = parseRange(size, within, { combine: true });
  if (ranges === -1) return 'unsatisfiable';
  // Its letters are of any case (RFC 9110, section 14.1).
  if (ranges === -2 || ranges.type.toLowerCase() !== 'bytes') return null;
  const [range] = ranges;
  return range && ranges.length === 1 ? { start: range.start, end: range.end } : null;
}
