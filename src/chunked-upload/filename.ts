import { ChunkedUploadError } from './chunked-upload.errors.js';

const LONGEST = 255;

/**
 * A name as it is kept and shown: trimmed, 1 to 255 characters, no NUL.
 *
 * @throws ChunkedUploadError `invalid_field`
 */
export function checkFilename(given: unknown): string {
  if (given === null || given === undefined) {
    throw refused(
      'This field is required. Send it in the query string, such as ?filename=photo.jpg, in the form, ' +
        'or in Content-Disposition.',
    );
  }
  if (typeof given !== 'string') throw refused('Not a valid string.');
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

function refused(sentence: string): ChunkedUploadError {
  return ChunkedUploadError.invalidField('filename', sentence);
}
