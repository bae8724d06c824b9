import type { UploadContext } from './chunked-upload.options.js';

/** The application itself, where a service's method is called without a caller. */
export const APPLICATION: UploadContext = Object.freeze({ creator: null });
