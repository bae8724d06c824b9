import { ChunkedUploadError } from '../../chunked-upload.errors.js';
import { NO_STORE, number, text, withoutBody } from '../http/openapi/answers.js';
import { errorResponses } from '../http/openapi/error-responses.js';
import type { Content, DescribedRoutes, DescribedType } from '../http/openapi/openapi.types.js';
import { COUNT, ID, header, required } from '../http/openapi/parameters.js';
import { BINARY } from '../http/openapi/request-bodies.js';
import { tusStatus } from './refusal.js';
import { TUS_TYPE } from './tus-request.js';

const error = ChunkedUploadError;

const VERSION = required(header('Tus-Resumable', '`1.0.0`; required in requests of tus.'));
const LENGTH = header('Upload-Length', 'Size of the whole file in bytes.', COUNT);
const OFFSET = required(header('Upload-Offset', 'Where these bytes begin.', COUNT));
const CHECKSUM = header('Upload-Checksum', 'tus: sum of these bytes, such as `sha1 <base64>`.');
const OVERRIDE = header(
  'X-HTTP-Method-Override',
  'tus: `PATCH` or `DELETE`, for clients that cannot send these methods.',
);
const DEFERRED = header('Upload-Defer-Length', 'tus: `1` if the size is not known yet.');
const METADATA = header(
  'Upload-Metadata',
  'tus: `filename`, `owner_type` and the like, each `key <base64>`.',
);

const BYTES: Content = { [TUS_TYPE]: { schema: BINARY } };
const MARK = { 'Tus-Resumable': text('tus: `1.0.0`') };
const REACHED = {
  ...MARK,
  'Upload-Offset': number('Where the next bytes begin.'),
  'Upload-Expires': {
    ...text('tus: when the upload expires.'),
    required: false,
  },
};

/** Requests of tus, on the routes of all. */
export function describeTus({ errorRef, checksum }: DescribedType): DescribedRoutes {
  const errors = (...list: ChunkedUploadError[]) => errorResponses(errorRef, list, tusStatus);
  const version = error.unsupportedVersion('Tus-Resumable must be 1.0.0');
  const malformed = error.malformedRequest('Upload-Metadata is not well-formed');
  const gone = [error.notFound(), error.expired(), error.aborted()];
  const away = error.unavailable('The storage is not available');
  const bytes = [
    error.tooLarge(1000),
    error.endExceedsTotal(300),
    error.unsupportedBody(`tus: the bytes must be ${TUS_TYPE}`),
    error.digestMismatch('Upload-Checksum'),
    ...(checksum === null ? [] : [error.checksumMismatch(checksum)]),
    error.storageFull(undefined),
    error.exceedsStorage(),
    away,
  ];
  const content = { required: false, content: BYTES };
  const removed = { 204: { description: 'Record and bytes have been removed.', headers: MARK } };
  const taken = {
    204: { description: 'The bytes are in storage.', headers: { ...REACHED, ...NO_STORE } },
  };
  return {
    postWhole: {
      summary: 'Create an upload',
      description: 'tus: creates an upload, with or without its first bytes.',
      parameters: [VERSION, LENGTH, DEFERRED, METADATA, CHECKSUM],
      requestBody: content,
      responses: {
        201: {
          description: 'tus: the upload has been created.',
          headers: { ...REACHED, Location: text('Its path.') },
        },
        ...errors(malformed, version, ...bytes),
      },
    },
    post: {
      summary: 'Send a PATCH or DELETE as a POST',
      description: 'tus: handled as the method in `X-HTTP-Method-Override`.',
      parameters: [ID, VERSION, required(OVERRIDE)],
      requestBody: content,
      responses: { ...removed, ...errors(malformed, version, ...gone) },
    },
    patch: {
      summary: 'Send the next bytes',
      description: 'tus: the last byte completes the upload.',
      parameters: [ID, VERSION, OFFSET, LENGTH, CHECKSUM],
      requestBody: content,
      responses: {
        ...taken,
        ...errors(
          error.malformedRequest('Upload-Offset is missing'),
          error.totalMismatch(300, 400),
          version,
          ...gone,
          error.offsetMismatch(100, 0),
          error.alreadyComplete(),
          error.busy(),
          ...bytes,
        ),
      },
    },
    head: {
      summary: 'Ask where to continue',
      description: 'tus: never a 5xx. After a 423, ask again.',
      parameters: [ID, VERSION],
      responses: {
        200: {
          description: 'The upload exists.',
          headers: {
            ...REACHED,
            ...NO_STORE,
            'Upload-Length': {
              ...number('Size of the whole file, if known.'),
              required: false,
            },
            'Upload-Defer-Length': {
              ...text('tus: `1` while the size is not known.'),
              required: false,
            },
            'Upload-Metadata': text('tus: as it was sent.'),
          },
        },
        ...withoutBody(errors(version, ...gone, error.busy())),
      },
    },
    remove: {
      summary: 'Remove an upload, record and bytes',
      description: '',
      parameters: [ID, VERSION],
      responses: { ...removed, ...errors(version, error.notFound(), error.busy(), away) },
    },
    options: {
      summary: 'Ask which protocols are supported',
      description: '',
      parameters: [],
      responses: {
        204: {
          description: 'One set of headers for each protocol of this upload type.',
          headers: {
            ...MARK,
            'Tus-Version': text('`1.0.0`'),
            'Tus-Extension': text('The supported extensions.'),
            'Tus-Max-Size': {
              ...number('Maximum file size in bytes, if limited.'),
              required: false,
            },
            'Tus-Checksum-Algorithm': text('The algorithms that `Upload-Checksum` may use.'),
          },
        },
      },
    },
  };
}
