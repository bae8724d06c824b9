import { ChunkedUploadError } from '../../chunked-upload.errors.js';
import { NO_STORE, number, text, withoutBody } from '../http/openapi/answers.js';
import { errorResponses } from '../http/openapi/error-responses.js';
import { mergedResponses } from '../http/openapi/merged-routes.js';
import type {
  Content,
  DescribedRoutes,
  DescribedType,
  Parameter,
  Response,
  RouteDescription,
} from '../http/openapi/openapi.types.js';
import {
  COUNT,
  DIGESTS,
  ID,
  header,
  inQuery,
  newUploadFields,
  required,
} from '../http/openapi/parameters.js';
import { BINARY, raw } from '../http/openapi/request-bodies.js';
import { PARTIAL } from './exchange.js';
import { NEWEST, VERSION_FIELD } from './interop-version.js';
import { isProblem, problemResponses } from './problem.openapi.js';
import { refusedStatus } from './refusal.js';

const error = ChunkedUploadError;

const VERSION = header(
  VERSION_FIELD,
  `IETF draft: \`${NEWEST}\`, or an earlier version. Without it, no interim responses are sent.`,
);
const COMPLETE = required(
  header(
    'Upload-Complete',
    'IETF draft: `?1` if this request sends the end of the file, or `?0`; required in its requests.',
  ),
);
const LENGTH = header('Upload-Length', 'Size of the whole file in bytes.', COUNT);
const OFFSET = required(header('Upload-Offset', 'Where these bytes begin.', COUNT));

const CREATION: readonly Parameter[] = [
  VERSION,
  COMPLETE,
  LENGTH,
  header('Content-Disposition', 'Name of the file, if it is not in the query string (RFC 6266).'),
  header('Repr-Digest', 'IETF draft: digest of the whole file (RFC 9530).'),
  ...DIGESTS,
];

const LIMIT = {
  'Upload-Limit': text('IETF draft: the limits, such as `min-size=0, max-age=86400`.'),
};
const MARK = { [VERSION_FIELD]: { ...text('The version of the request.'), required: false } };
const STATE = {
  ...MARK,
  ...LIMIT,
  'Upload-Complete': text('IETF draft: `?1` if the upload is complete, or `?0`.'),
  'Upload-Offset': number('Where the next bytes begin.'),
  'Upload-Length': { ...number('Size of the whole file, if known.'), required: false },
};
const PLACE = { Location: text('Its path.') };

const MAYBE = (headers: typeof PLACE | typeof LIMIT) =>
  Object.fromEntries(
    Object.entries(headers).map(([name, each]) => [name, { ...each, required: false }]),
  );

/** Resumable Uploads for HTTP, on the routes of all. */
export function describeResumableHttp(type: DescribedType): DescribedRoutes {
  const { errorRef, checksum, hasOnComplete, uploadRef } = type;
  const errors = (...list: ChunkedUploadError[]) =>
    mergedResponses(
      problemResponses(list),
      errorResponses(
        errorRef,
        list.filter((each) => !isProblem(each)),
        refusedStatus,
      ),
    );
  const away = error.unavailable('The storage is not available');
  const gone = [error.notFound(), error.expired(), error.aborted()];
  const bytes = [
    error.malformedRequest('Upload-Complete is missing, or not well-formed'),
    error.totalMismatch(300, 400),
    error.endExceedsTotal(300),
    error.unsupportedBody('Content-Encoding is not supported'),
    error.digestMismatch('Content-Digest'),
    ...(checksum === null ? [] : [error.checksumMismatch(checksum)]),
    error.tooLarge(1000),
    error.storageFull(undefined),
    error.exceedsStorage(),
    away,
  ];
  const schema = hasOnComplete ? {} : { $ref: uploadRef };
  const completed: Response = {
    description: hasOnComplete
      ? 'The application’s response to a completed upload, or the upload.'
      : 'The upload.',
    headers: { ...STATE, ...NO_STORE },
    content: { 'application/json': { schema } },
  };
  const interim: Response = {
    description:
      'Interim response, if the request has a known version: first the URL of the upload, then each ' +
      'offset that is safely stored.',
    headers: {
      ...MARK,
      ...MAYBE(PLACE),
      ...MAYBE(LIMIT),
      'Upload-Offset': { ...number('Bytes that are safely stored.'), required: false },
    },
  };
  const creation: RouteDescription = {
    summary: 'Create an upload',
    description:
      'IETF draft: creates an upload, with the whole file, with its first bytes, or without any.',
    parameters: [...CREATION, ...inQuery(newUploadFields(type))],
    requestBody: { required: false, content: raw() },
    responses: {
      104: interim,
      200: completed,
      201: {
        description: 'IETF draft: the upload has been created.',
        headers: { ...STATE, ...PLACE },
      },
      ...errors(error.invalidField('filename', 'This field is required.'), ...bytes),
    },
  };
  const partial: Content = { [PARTIAL]: { schema: BINARY } };
  const told = { description: 'The upload exists.', headers: { ...STATE, ...NO_STORE } };
  return {
    postWhole: creation,
    putFirst: creation,
    patch: {
      summary: 'Send the next bytes',
      description: 'IETF draft: `Upload-Complete: ?1` completes the upload.',
      parameters: [ID, VERSION, COMPLETE, OFFSET, LENGTH, ...DIGESTS],
      requestBody: { required: false, content: partial },
      responses: {
        104: interim,
        200: completed,
        204: { description: 'The bytes are in storage.', headers: { ...STATE, ...NO_STORE } },
        ...errors(
          ...bytes,
          ...gone,
          error.offsetMismatch(100, 0),
          error.alreadyComplete(),
          error.busy(),
        ),
      },
    },
    head: {
      summary: 'Ask where to continue',
      description:
        'IETF draft: a request with a version first ends any request that is writing the upload.',
      parameters: [ID, VERSION],
      responses: {
        200: told,
        204: { ...told, description: 'IETF draft: the upload exists.' },
        ...withoutBody(errors(...gone, error.busy(), away)),
      },
    },
    remove: {
      summary: 'Remove an upload, record and bytes',
      description: '',
      parameters: [ID, VERSION],
      responses: {
        204: { description: 'Record and bytes have been removed.', headers: MARK },
        ...errors(error.notFound(), error.busy(), away),
      },
    },
    options: {
      summary: 'Ask which protocols are supported',
      description: '',
      parameters: [],
      responses: {
        204: {
          description: 'One set of headers for each protocol of this upload type.',
          headers: { ...LIMIT, 'Accept-Patch': text(`\`${PARTIAL}\``) },
        },
      },
    },
  };
}
