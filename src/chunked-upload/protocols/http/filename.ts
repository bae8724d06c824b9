import { decodeExtended, parse } from 'content-disposition';
import { ChunkedUploadError } from '../../chunked-upload.errors.js';
import { headerText } from './charset.js';

const LONGEST = 255;

/** A name as it is kept and shown: trimmed, 1 to 255 characters, no NUL. */
export function checkFilename(given: string | null): string {
  if (given === null) {
    throw refused(
      'This field is required. Send it in the query string, such as ?filename=photo.jpg, in the form, ' +
        'or in Content-Disposition.',
    );
  }
  // A lone surrogate cannot be written as UTF-8, neither to the database nor to a header.
  const name = given.toWellFormed().trim();
  if (name === '') throw refused('This field may not be blank.');
  if (name.includes('\0')) throw refused('Null characters are not allowed.');
  refuseDots(name);
  // In code points, as the database counts.
  if (Array.from(name).length > LONGEST) {
    throw refused(`Ensure this field has no more than ${LONGEST} characters.`);
  }
  return name;
}

/** @throws ChunkedUploadError for a name that means a folder */
export function refuseDots(name: string): void {
  if (name === '.' || name === '..') throw refused('This is not the name of a file.');
}

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

function refused(sentence: string): ChunkedUploadError {
  return ChunkedUploadError.invalidField('filename', sentence);
}
