import { ChunkedUploadError } from '../../chunked-upload.errors.js';
import type { NewUploadInput } from '../../chunked-upload.inputs.js';
import { checkFilename } from '../http/filename.js';

/** Of a file whose client does not say one. */
const NO_NAME = 'file';

/** More pairs than a form may have fields. */
const MOST_PAIRS = 1000;

// A key is ASCII without blanks and commas; a value is Base64 and may be left out.
const PAIR = /^([\x21-\x2B\x2D-\x7E]+)(?: ([A-Za-z\d+/]*={0,2}))?$/;

/**
 * What `Upload-Metadata` says (creation extension): `key base64,key base64`, values being UTF-8.
 *
 * @throws ChunkedUploadError `malformed_request`
 */
export function parseMetadata(header: string | undefined): Map<string, string> {
  const metadata = new Map<string, string>();
  if (header === undefined || header.trim() === '') return metadata;
  const pairs = header.split(',', MOST_PAIRS + 1);
  if (pairs.length > MOST_PAIRS) throw malformed(`it may have at most ${MOST_PAIRS} pairs`);
  for (const pair of pairs) {
    const [, key, base64 = ''] = PAIR.exec(pair.trim()) ?? [];
    if (key === undefined) {
      throw malformed('it has to be pairs of a key and its value in Base64, between commas');
    }
    if (metadata.has(key)) throw malformed(`the key ${key} is there twice`);
    metadata.set(key, decode(base64, key));
  }
  return metadata;
}

/** What a new upload's row takes from it. Clients call the file's name by two names. */
export function describedBy(metadata: ReadonlyMap<string, string>): NewUploadInput {
  const filled = (key: string) => metadata.get(key)?.trim() || null;
  const filename = checkFilename(filled('filename') ?? filled('name') ?? NO_NAME);
  const owner = { ownerType: filled('owner_type'), ownerId: filled('owner_id') };
  return { fields: { ...Object.fromEntries(metadata), ...owner, filename } };
}

/** One pair, as `Upload-Metadata` has it. */
export function metadataPair(key: string, value: string): string {
  return `${key} ${Buffer.from(value).toString('base64')}`;
}

function decode(base64: string, key: string): string {
  try {
    return new TextDecoder('utf-8', { fatal: true }).decode(Buffer.from(base64, 'base64'));
  } catch (error) {
    throw malformed(`the value of ${key} is not UTF-8`, error);
  }
}

function malformed(why: string, cause?: unknown): ChunkedUploadError {
  return ChunkedUploadError.malformedRequest(`Upload-Metadata is not well-formed: ${why}`, cause);
}
