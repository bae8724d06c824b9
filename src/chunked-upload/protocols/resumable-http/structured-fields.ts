// Items of RFC 9651, as far as this protocol uses them. What is none says nothing: the field is to be
// passed over then (draft-ietf-httpbis-resumable-upload, sections 4.1.1 to 4.1.3).

// Parameters are allowed on every item, and mean nothing here.
const PARAMETERS = /^(?:; *[a-z*][a-z\d_.*-]*(?:=(?:"(?:[^"\\]|\\["\\])*"|[^;,"\s]+))?)*$/;
const LONGEST = 256;

/** `?1` or `?0` (section 3.3.6); null: no boolean. */
export function booleanItem(field: string | undefined): boolean | null {
  const [, digit] = /^\?([01])$/.exec(bareItem(field)) ?? [];
  return digit === undefined ? null : digit === '1';
}

/** A whole number from 0 up, of at most 15 digits (section 3.3.1); null: none. */
export function integerItem(field: string | undefined): number | null {
  const text = bareItem(field);
  return /^\d{1,15}$/.test(text) ? Number(text) : null;
}

function bareItem(field = ''): string {
  const text = field.trim();
  const end = text.indexOf(';');
  if (end < 0) return text;
  const isItem = text.length <= LONGEST && PARAMETERS.test(text.slice(end));
  return isItem ? text.slice(0, end) : '';
}
