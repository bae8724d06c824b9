import type { IncomingMessage } from 'node:http';
import type { FormFields } from '../http/form-fields.js';

const LONGEST_QUOTE = 60;
const BYTES = 'Send the bytes with "Content-Type: application/octet-stream"';

/** Why a request that had to bring a file has none, and how one is sent. */
export function missingFile(
  { headers }: Pick<IncomingMessage, 'headers'>,
  fieldName: string,
  fields: FormFields,
): string {
  const type = headers['content-type']?.split(';')[0]?.trim().toLowerCase() ?? '';
  const other = fields.otherFile?.slice(0, LONGEST_QUOTE) ?? null;
  switch (type) {
    case 'multipart/form-data':
      if (other !== null) {
        return `the form has its file in the part "${other}" instead of "${fieldName}"`;
      }
      if (fields.has(fieldName)) {
        return `"${fieldName}" came as text. A file has a filename: curl -F ${fieldName}=@photo.jpg`;
      }
      return `the form has no part "${fieldName}" with a file in it`;
    case 'application/x-www-form-urlencoded':
      return `the body came as ${type}, which is curl's default, and was read as a form. ${BYTES}`;
    case 'application/json':
      return `the body came as ${type} and was read as a form. ${BYTES}`;
    default:
      return `there is no body. ${BYTES}, or in the part "${fieldName}" of a form`;
  }
}
