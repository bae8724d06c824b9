import { ChunkedUploadError } from '../../chunked-upload.errors.js';
import type { NewUploadInput } from '../../chunked-upload.inputs.js';
import { checkFilename } from '../../filename.js';

/** Of a file whose client does not say one. */
const NO_NAME = 'file';

/** More pairs than a form may have fields. */
const MOST_PAIRS = 1000;

// A key is ASCII without blanks and commas; a value is Base64 and may be left out.
const PAIR = /^([\x21-\x2B\x2D-\x7E]+)(?: ([A-Za-z\d+/]*={0,2}))?$/;

/** Which keys of the metadata mean something to an upload type, besides name and owner. */
export interface UsedKeys {
  readonly fields: readonly string[];
  /** Name of its checksum; null: it has none. */
  readonly checksum: string | null;
}

/**
 * What `Upload-Metadata` says (creation extension): `key base64,key base64`. The values stay as they are:
 * those of keys that nobody uses may be anything.
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
    metadata.set(key, base64);
  }
  return metadata;
}

/**
 * What a new upload's row takes from it. Clients call the file's name by two names.
 *
 * @throws ChunkedUploadError `malformed_request` for a value that is not UTF-8
 */
export function describedBy(metadata: ReadonlyMap<string, string>, used: UsedKeys): NewUploadInput {
  const filename = checkFilename(
    filled(metadata, 'filename') ?? filled(metadata, 'name') ?? NO_NAME,
  );
  const owner = {
    ownerType: filled(metadata, 'owner_type'),
    ownerId: filled(metadata, 'owner_id'),
  };
  // It is looked at when the upload is complete, which is too late to learn that it is none.
  if (used.checksum !== null) filled(metadata, used.checksum);
  const fields = used.fields.flatMap((key) => {
    const value = textOf(metadata, key);
    return value === null ? [] : [[key, value] as const];
  });
  return { fields: { ...Object.fromEntries(fields), ...owner, filename } };
}

/** The text of a key; null: it has none, or a blank one. */
export function filled(metadata: ReadonlyMap<string, string>, key: string): string | null {
  return textOf(metadata, key)?.trim() || null;
}

/** One pair, as `Upload-Metadata` has it. */
export function metadataPair(key: string, value: string): string {
  return `${key} ${Buffer.from(value).toString('base64')}`;
}

function textOf(metadata: ReadonlyMap<string, string>, key: string): string | null {
  const base64 = metadata.get(key);
  if (base64 === undefined) return null;
  try {
    return new TextDecoder('utf-8', { fatal: true }).decode(Buffer.from(base64, 'base64'));
  } catch (error) {
    throw malformed(`the value of ${key} is not UTF-8`, error);
  }
}

function malformed(why: string, cause?: unknown): ChunkedUploadError {
  return ChunkedUploadError.malformedRequest(`Upload-Metadata is not well-formed: ${why}`, cause);
}
