import { decodeExtended, parse } from 'content-disposition';
import { headerText } from './charset.js';
import { percentEncodeInnerQuotes } from './inner-quotes.js';

/** What the headers of a form's part say of it (RFC 7578, section 4). */
export interface FormPart {
  readonly name: string;
  /** Of a file; empty where a file input was left empty, null where none is said. */
  readonly filename: string | null;
  readonly isFile: boolean;
  /** Of a field's value; null: that of the form. */
  readonly charset: string | null;
}

// RFC 9110, section 5.6.2, and what may not stand in a value (section 5.5).
const HEADER = /^([\w!#$%&'*+.^`|~-]+):(.*)$/s;
// oxlint-disable-next-line no-control-regex
const CONTROLS = /[\0-\x08\x0A-\x1F\x7F]/;

/**
 * `header`: its lines, as Latin-1, without the empty one. `charset`: what names are in, if the form
 * has said it. Null: it is no part of a form, and passed over.
 *
 * @throws Error where they are none
 */
export function parsePart(header: string, charset: string | null): FormPart | null {
  const fields = headerFields(header);
  const field = percentEncodeInnerQuotes(fields.get('content-disposition') ?? '');
  const disposition = parse(field, {
    // Browsers escape nothing by a backslash.
    multipart: true,
    extended: false,
  });
  if (disposition.type !== 'form-data') return null;
  const { name = '', filename, 'filename*': extended } = disposition.parameters;
  const content = parse(fields.get('content-type') ?? '');
  const named =
    (extended === undefined ? undefined : decodeExtended(extended)) ??
    (filename === undefined ? null : headerText(filename, charset));
  return {
    name: headerText(name, charset),
    filename: named,
    isFile: named !== null || content.type === 'application/octet-stream',
    charset: content.parameters['charset'] ?? null,
  };
}

/** By name in lower case; of a repeated one the first counts. */
function headerFields(header: string): Map<string, string> {
  const fields = new Map<string, string>();
  // A line that begins with a blank goes on with the one before it (RFC 5322, section 2.2.3).
  for (const line of header.replace(/\r\n[\t ]+/g, ' ').split('\r\n')) {
    if (line === '') continue;
    const [, name, value = ''] = HEADER.exec(line) ?? [];
    if (name === undefined || CONTROLS.test(value)) throw new Error('Malformed part header');
    const key = name.toLowerCase();
    if (!fields.has(key)) fields.set(key, value.trim());
  }
  return fields;
}
