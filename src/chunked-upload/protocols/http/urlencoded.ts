import { fieldText } from './charset.js';

/** The field of a form that says in which charset the others are (HTML, section 4.10.22.5). */
export const CHARSET_FIELD = '_charset_';

/**
 * Names and values of `application/x-www-form-urlencoded` (WHATWG URL, section 5.1), where text that
 * is not in `charset` (default: UTF-8) is refused. What is not ASCII in `latin1` stands for its byte.
 *
 * @throws ChunkedUploadError `invalid_field`
 */
export function parseUrlencoded(latin1: string, charset: string | null = null): URLSearchParams {
  const pairs = latin1.split('&').filter((pair) => pair !== '');
  const fields = pairs.map((pair) => {
    const end = pair.indexOf('=');
    return end < 0
      ? ([unescaped(pair), ''] as const)
      : ([unescaped(pair.slice(0, end)), unescaped(pair.slice(end + 1))] as const);
  });
  const said = charset ?? fields.find(([name]) => name === CHARSET_FIELD)?.[1];
  const coding = said || null;
  return new URLSearchParams(
    fields.map(([rawName, value]): [string, string] => {
      const name = fieldText(rawName, rawName, coding);
      return [name, fieldText(name, value, coding)];
    }),
  );
}

function unescaped(text: string): string {
  return text
    .replaceAll('+', ' ')
    .replace(/%([\da-f]{2})/gi, (_, hex: string) => String.fromCharCode(Number.parseInt(hex, 16)));
}
