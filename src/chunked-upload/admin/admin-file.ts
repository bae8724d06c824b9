import type { IncomingHttpHeaders } from 'node:http';
import { lookup } from 'mime-types';
import type { AbstractChunkedUpload } from '../chunked-upload.entity.js';
import { type FileResponse, fileResponse } from '../protocols/http/file-response.js';

/** What can be looked at in the admin's page. */
export type PreviewKind = 'image' | 'text' | 'pdf';

// Of what browsers show as an image, those that hold no script at all.
const IMAGES = /^image\/(png|jpeg|gif|webp|avif|bmp)$/;
const TEXTS =
  /^(text\/.+|image\/svg\+xml|application\/(json|xml|yaml|toml|sql|javascript|.+\+(json|xml)))$/;

const SANDBOX = "default-src 'none'; sandbox; frame-ancestors 'self'";
// Chrome shows no PDF in a sandbox. Its viewer is one of its own, and `nosniff` lets it be nothing else.
const NO_SCRIPT = "script-src 'none'; base-uri 'none'; form-action 'none'; frame-ancestors 'self'";

/** How a file can be shown, by its name and by what its first bytes were; null: not at all. */
export function previewOf({ filename, mimeType }: AbstractChunkedUpload): PreviewKind | null {
  const type = mimeType ?? (lookup(filename) || '');
  if (IMAGES.test(type)) return 'image';
  if (type === 'application/pdf') return 'pdf';
  return TEXTS.test(type) ? 'text' : null;
}

/**
 * The file for somebody who looks after uploads: a download, or a preview. A preview runs no script:
 * images and texts are in a sandbox, and what is neither image nor PDF is plain text, HTML and SVG too.
 */
export function adminFileResponse(
  upload: AbstractChunkedUpload,
  requestHeaders: IncomingHttpHeaders,
  isPreview: boolean,
): FileResponse {
  const response = fileResponse(upload, requestHeaders);
  const kind = isPreview ? previewOf(upload) : null;
  if (kind === null) return response;
  const type = upload.mimeType ?? (lookup(upload.filename) || '');
  const headers = {
    ...response.headers,
    'Content-Disposition': (response.headers['Content-Disposition'] ?? '').replace(
      /^attachment/,
      'inline',
    ),
    'Content-Security-Policy': kind === 'pdf' ? NO_SCRIPT : SANDBOX,
    'Content-Type': kind === 'text' ? 'text/plain; charset=utf-8' : type,
    'X-Frame-Options': 'SAMEORIGIN',
  };
  return { ...response, headers };
}
