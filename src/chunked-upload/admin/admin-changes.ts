import { ChunkedUploadError } from '../chunked-upload.errors.js';
import type { OwnerReference } from '../chunked-upload.inputs.js';
import { time } from './admin-query.js';

/** `{ "owner": { "type", "id" } | null }`. @throws ChunkedUploadError `invalid_field` */
export function parseOwner({ owner }: Record<string, unknown>): OwnerReference | null {
  if (owner === null) return null;
  const { type, id } = Object(owner) as { type?: unknown; id?: unknown };
  const isText = (value: unknown): value is string => typeof value === 'string' && value !== '';
  if (isText(type) && isText(id) && !`${type}${id}`.includes('\0')) return { type, id };
  const sentence = '{ "type", "id" } is required, or null for none.';
  throw ChunkedUploadError.invalidField('owner', sentence);
}

/** `{ "expires_at": a time | null }`. @throws ChunkedUploadError `invalid_field` */
export function parseExpiry({ expires_at: given }: Record<string, unknown>): Date | null {
  if (given === null) return null;
  const moment = time('expires_at', typeof given === 'string' ? given : undefined);
  if (moment) return moment;
  const sentence = 'A time in ISO 8601 is required, or null for never.';
  throw ChunkedUploadError.invalidField('expires_at', sentence);
}
