import { readFile } from 'node:fs/promises';

export interface PageFile {
  readonly bytes: Buffer;
  readonly contentType: string;
}

const FOLDER = new URL('./page/', import.meta.url);

const CONTENT_TYPES: Readonly<Record<string, string>> = {
  css: 'text/css; charset=utf-8',
  html: 'text/html; charset=utf-8',
  js: 'text/javascript; charset=utf-8',
  svg: 'image/svg+xml',
};

/** One plain name: nothing that could lead out of the folder. */
const NAME = /^[a-z][a-z-]*\.(css|js|svg)$/;

/** A file that the page loads, as the build left it; null: there is none of this name. */
export async function pageFile(name: string): Promise<PageFile | null> {
  const [, extension = ''] = NAME.exec(name) ?? [];
  const contentType = CONTENT_TYPES[extension];
  if (contentType === undefined) return null;
  const bytes = await readFile(new URL(name, FOLDER)).catch(() => null);
  return bytes && { bytes, contentType };
}

/** The page itself. `base` is what its links begin with: it may be asked for with or without a slash. */
export async function pageDocument(base: string): Promise<PageFile> {
  const html = await readFile(new URL('index.html', FOLDER), 'utf8');
  const bytes = Buffer.from(html.replaceAll('{{base}}', base));
  return { bytes, contentType: CONTENT_TYPES['html'] ?? '' };
}
