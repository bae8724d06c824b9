/** Lower case of A to Z alone: a Kelvin sign is no k. */
function lowerCase(text: string): string {
  return text.replace(/[A-Z]/g, (letter) => letter.toLowerCase());
}

/** Whether a filename ends in the extension, which may be compound: `tar.gz`. */
export function hasExtension(filename: string, extension: string): boolean {
  const ending = `.${extension}`;
  const name = lowerCase(filename);
  // The dot of a hidden file, such as `.png`, begins no extension.
  return name.endsWith(ending) && /[^./\\]\.*$/.test(name.slice(0, -ending.length));
}

/** What follows the last dot of a filename, in lower case; empty: there is none. */
export function lastExtension(filename: string): string {
  const extension = /\.([^./\\]+)$/.exec(lowerCase(filename))?.[1] ?? '';
  return hasExtension(filename, extension) ? extension : '';
}
