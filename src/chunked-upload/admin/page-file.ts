import { readFile } from 'node:fs/promises';
import { PAGE } from './page.asset.js';

export interface PageFile {
  readonly bytes: Buffer;
  readonly contentType: string;
}

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
  const text = await textOf(name).catch(() => undefined);
  return text === undefined ? null : { bytes: Buffer.from(text), contentType };
}

/** The page itself. `base` is what its links begin with: it may be asked for with or without a slash. */
export async function pageDocument(base: string): Promise<PageFile> {
  const html = (await textOf('index.html')) ?? '';
  const bytes = Buffer.from(html.replaceAll('{{base}}', base));
  return { bytes, contentType: CONTENT_TYPES['html'] ?? '' };
}

async function textOf(name: string): Promise<string | undefined> {
  if (PAGE instanceof URL) return readFile(new URL(name, PAGE), 'utf8');
  return PAGE[name];
}
