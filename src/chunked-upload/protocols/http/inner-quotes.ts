// What stands behind a parameter's value: another parameter, or nothing.
const NEXT = /^[\t ]*;[\t ]*[\w*-]+[\t ]*=/;
const NEXT_OR_END = /^[\t ]*(?:;|$)/;

/**
 * A part's `Content-Disposition` with the quotes within its values as browsers write them: `%22`. Other
 * clients escape them by a backslash (Go, curl before 7.81), and some not at all (form-data of npm): a
 * quote is of the value if this cannot end with it and ends with a later one.
 */
export function percentEncodeInnerQuotes(disposition: string): string {
  const [first = '', ...behind] = disposition.split('"');
  const ends = behind.map((text, index) =>
    (index === behind.length - 1 ? NEXT_OR_END : NEXT).test(text),
  );
  const lastEnd = ends.lastIndexOf(true);
  const pieces = [first];
  let isOpen = false;
  for (const [index, text] of behind.entries()) {
    if (isOpen && !ends[index] && index < lastEnd) {
      pieces.push(withoutEscape(pieces.pop() ?? ''), '%22', text);
    } else {
      pieces.push('"', text);
      isOpen = !isOpen;
    }
  }
  return pieces.join('');
}

function withoutEscape(text: string): string {
  return text.endsWith('\\') ? text.slice(0, -1) : text;
}
