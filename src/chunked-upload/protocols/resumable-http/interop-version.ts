import type { IncomingMessage } from 'node:http';
import { fieldOf } from '../http/host-request.js';
import { integerItem } from './structured-fields.js';

export const VERSION_FIELD = 'Upload-Draft-Interop-Version';

/** The versions of the draft that can be told apart on the wire: 3 is -01, 8 is -09 to -11. */
const KNOWN = [3, 4, 5, 6, 7, 8] as const;

export type InteropVersion = (typeof KNOWN)[number];

/** That of the newest text, by which a request is read that names none, or one that is not known. */
export const NEWEST: InteropVersion = 8;

/** Which draft the client speaks; null: it does not say, or one that is not known here. */
export function interopVersion(incoming: IncomingMessage): InteropVersion | null {
  const given = integerItem(fieldOf(incoming, VERSION_FIELD.toLowerCase()));
  return KNOWN.find((version) => version === given) ?? null;
}
