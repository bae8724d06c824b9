import { decodeExtended, parse } from 'content-disposition';
import { headerText } from './charset.js';

/** The last segment of a part's name: some clients send a whole path. */
export function lastSegment(name: string): string {
  return name.split(/[/\\]/).at(-1) ?? name;
}

/** By which a download is to be saved: no path (RFC 6266, section 4.3). */
export function downloadName(filename: string, otherwise: string): string {
  const name = filename.split(/[/\\]/).findLast((segment) => segment.trim() !== '') ?? otherwise;
  return /^\s*\.{1,2}\s*$/.test(name) ? otherwise : name;
}

/** The name that a raw body's `Content-Disposition` bears; null if none. */
export function dispositionFilename(header: string | undefined): string | null {
  const { filename, 'filename*': extended } = parse(header ?? '', { extended: false }).parameters;
  const name =
    (extended === undefined ? undefined : decodeExtended(extended)) ??
    (filename === undefined ? undefined : percentDecoded(headerText(filename)));
  return name === undefined ? null : lastSegment(name);
}

// jQuery-File-Upload percent-encodes the plain parameter, which RFC 6266 does not foresee.
function percentDecoded(name: string): string {
  try {
    return decodeURIComponent(name);
  } catch {
    return name;
  }
}
