import { createRequire } from 'node:module';
import { fileURLToPath, pathToFileURL } from 'node:url';

/** A file of the page, to be served as it is. */
export interface PageFile {
  /** Absolute path. */
  readonly path: string;
  readonly contentType: string;
}

/**
 * Where the files of the page are, by the folder of their URL. The tree under `/assets` is that of
 * the build, so that the relative imports that the compiler sees are right in the browser too.
 */
const FOLDERS: Readonly<Record<string, URL>> = {
  '/assets/client/': new URL('../../client/', import.meta.url),
  '/assets/client/element/': new URL('../../client/element/', import.meta.url),
  '/assets/client/queue/': new URL('../../client/queue/', import.meta.url),
  '/assets/demo/page/': new URL('./', import.meta.url),
};

/** The browser's build of hash-wasm lies beside the one that Node takes. */
const HASH_WASM = new URL(
  './index.esm.min.js',
  pathToFileURL(createRequire(import.meta.url).resolve('hash-wasm')),
);

/** What has a URL of its own. The page's import map names the second one. */
const FILES: Readonly<Record<string, URL>> = {
  '/': new URL('./index.html', import.meta.url),
  '/assets/vendor/hash-wasm.js': HASH_WASM,
};

const CONTENT_TYPES: Readonly<Record<string, string>> = {
  css: 'text/css; charset=utf-8',
  html: 'text/html; charset=utf-8',
  js: 'text/javascript; charset=utf-8',
  svg: 'image/svg+xml',
};

/** One plain name: nothing that could lead out of its folder. */
const NAME = /^[a-z][a-z-]*(?:\.element)?\.(?:css|js|svg)$/;

/**
 * The file to serve for a path of the page, e.g. `/` or `/assets/demo/page/page.css`.
 *
 * @returns `null` where the page has nothing; a file that is named may still not exist
 */
export function pageFile(urlPath: string): PageFile | null {
  const url = FILES[urlPath] ?? inFolder(urlPath);
  if (!url) return null;
  const path = fileURLToPath(url);
  const extension = path.slice(path.lastIndexOf('.') + 1);
  return { path, contentType: CONTENT_TYPES[extension] ?? 'application/octet-stream' };
}

function inFolder(urlPath: string): URL | null {
  const slash = urlPath.lastIndexOf('/') + 1;
  const name = urlPath.slice(slash);
  const folder = FOLDERS[urlPath.slice(0, slash)];
  return folder && NAME.test(name) ? new URL(name, folder) : null;
}
