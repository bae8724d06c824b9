import type { SizeLimits } from '../../chunked-upload.context.js';
import { type AbstractChunkedUpload, ChunkedUploadStatus } from '../../chunked-upload.entity.js';
import { type InteropVersion, VERSION_FIELD } from './interop-version.js';

export type Fields = Record<string, string>;

/** What of an upload its state is told by. */
export type Told = Pick<AbstractChunkedUpload, 'offset' | 'total' | 'status' | 'expiresAt'>;

/**
 * Offset, completeness and length of an upload (section 4.1). All of them with every answer: one
 * draft asks for more of them than another, and none minds what it does not ask for.
 */
export function stateFields(upload: Told, rules: InteropVersion): Fields {
  const { offset, total, status } = upload;
  return {
    'Upload-Offset': String(offset),
    ...completeField(status === ChunkedUploadStatus.Complete, rules),
    ...(total === null ? {} : { 'Upload-Length': String(total) }),
  };
}

export function completeField(complete: boolean, rules: InteropVersion): Fields {
  return rules > 3
    ? { 'Upload-Complete': complete ? '?1' : '?0' }
    : { 'Upload-Incomplete': complete ? '?0' : '?1' };
}

/** `Upload-Limit` (section 4.1.4). `expiresAt`: null while there is no upload, or for ever. */
export function limitField(
  limits: SizeLimits,
  expiresAt: Date | null,
  rules: InteropVersion,
): string {
  const members = [`min-size=${limits.min}`];
  if (limits.max !== null) members.push(`max-size=${limits.max}`);
  if (expiresAt) {
    const seconds = Math.max(0, Math.floor((expiresAt.getTime() - Date.now()) / 1000));
    members.push(`${rules > 6 ? 'max-age' : 'expires'}=${seconds}`);
  }
  return members.join(', ');
}

/** By which a client knows that its draft is spoken; nothing for one that did not say any. */
export function versionField(version: InteropVersion | null): Fields {
  return version === null ? {} : { [VERSION_FIELD]: String(version) };
}
