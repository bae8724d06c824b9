// HTML and SVG, which bear script, have no signature: their first bytes are text.

/** By which a browser takes a text for HTML (WHATWG MIME Sniffing, section 7.1). */
const HTML_TAGS = new Set(
  'html head script iframe h1 div font table a style title b body br p'.split(' '),
);

// What may stand before the first tag.
const PROLOGUE = /[\t\n\f\r ]+|<!--[^]*?-->|<\?[^]*?\?>/y;
const DOCTYPE =
  /<!doctype[\t\n\f\r ]+(?<name>[^\t\n\f\r >[]+)(?:[^>[]*(?:\[[^]*?\][\t\n\f\r ]*)?>)?/iy;
// The standard's tags end at a blank or `>`; parsers take these for an end as well.
const TAG = /<(?:(?<prefix>[\w.-]+):)?(?<name>[\w.-]+)(?![^\t\n\f\r />])/y;

/** Type of a text that begins as HTML, SVG or declared XML does; null: of any other. */
export function markupType(text: string): string | null {
  const start = text.replace(/^[\t\n\f\r ]+/, '');
  const isXml = /^<\?xml[\t\n\f\r ?]/.test(start);
  const html = isXml ? 'application/xhtml+xml' : 'text/html';
  const root = rootElement(start);

  if (root?.name === 'svg') return 'image/svg+xml';
  if (root?.name === 'html') return html;
  if (isXml) return 'application/xml';
  // A browser takes any text that begins with a comment for HTML; that of other tags is XML.
  if (start.startsWith('<!--')) {
    return root === null || HTML_TAGS.has(root.name) ? 'text/html' : 'application/xml';
  }
  return root !== null && !root.prefixed && HTML_TAGS.has(root.name) ? 'text/html' : null;
}

interface Root {
  readonly name: string;
  readonly prefixed: boolean;
}

/** Said by the document type declaration, or else by the first tag; null: the text has none. */
function rootElement(text: string): Root | null {
  let at = skip(PROLOGUE, text, 0);
  const doctype = match(DOCTYPE, text, at);
  if (doctype) {
    const name = nameOf(doctype);
    if (name === 'svg' || name === 'html') return { name, prefixed: false };
    at = skip(PROLOGUE, text, at + doctype[0].length);
  }
  const tag = match(TAG, text, at);
  return tag && { name: nameOf(tag), prefixed: tag.groups?.['prefix'] !== undefined };
}

function nameOf({ groups }: RegExpExecArray): string {
  return (groups?.['name'] ?? '').toLowerCase();
}

function skip(pattern: RegExp, text: string, from: number): number {
  const found = match(pattern, text, from);
  return found ? skip(pattern, text, from + found[0].length) : from;
}

function match(pattern: RegExp, text: string, at: number): RegExpExecArray | null {
  pattern.lastIndex = at;
  return pattern.exec(text);
}
