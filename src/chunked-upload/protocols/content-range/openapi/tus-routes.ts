import { ChunkedUploadError } from '../../../chunked-upload.errors.js';
import { text, number } from './answers.js';
import { errorResponse } from './error-responses.js';
import type { Parameter, Response, RouteDescription } from './openapi.types.js';
import { BINARY } from './request-bodies.js';

const error = ChunkedUploadError;

const VERSION = header('Tus-Resumable', '`1.0.0`; required in requests of tus.');
const CHECKSUM = header('Upload-Checksum', 'tus: sum of these bytes, such as `sha1 <base64>`.');
const OVERRIDE = header(
  'X-HTTP-Method-Override',
  'tus: `PATCH` or `DELETE`, for clients that cannot send these methods.',
);

const CREATION: readonly Parameter[] = [
  VERSION,
  header('Upload-Length', 'tus: size of the whole file in bytes.'),
  header('Upload-Defer-Length', 'tus: `1` if the size is not known yet.'),
  header('Upload-Metadata', 'tus: `filename`, `owner_type` and the like, each `key <base64>`.'),
  CHECKSUM,
];

const REACHED = {
  'Tus-Resumable': text('`1.0.0`'),
  'Upload-Offset': number('Where the next bytes begin.'),
  'Upload-Expires': text('When the upload expires.'),
};

/** The routes, with what a request of tus may say there, and is answered. */
export function withTus<N extends string>(
  routes: Record<N | 'postWhole' | 'post' | 'patch' | 'head' | 'options', RouteDescription>,
  errorRef: string,
): typeof routes {
  const refused = (status: number, ...errors: ChunkedUploadError[]) => ({
    [status]: errorResponse(errorRef, errors, status),
  });
  const created: Response = {
    description: 'tus: the upload has been created.',
    headers: { ...REACHED, Location: text('Its path.') },
  };
  const version = refused(412, error.unsupportedVersion('Tus-Resumable must be 1.0.0'));
  const bytes = {
    ...refused(413, error.tooLarge(1000), error.endExceedsTotal(300)),
    ...refused(
      415,
      error.unsupportedBody('tus: the bytes must be application/offset+octet-stream'),
    ),
    ...refused(460, error.digestMismatch('Upload-Checksum')),
  };
  return {
    ...routes,
    postWhole: adding(
      routes.postWhole,
      CREATION,
      { 201: created, ...version, ...bytes },
      'tus: creates an upload, with or without its first bytes.',
    ),
    post: adding(
      routes.post,
      [VERSION, OVERRIDE],
      version,
      'tus: handled as the method in `X-HTTP-Method-Override`.',
    ),
    patch: adding(routes.patch, [VERSION, CHECKSUM], {
      ...refused(409, error.offsetMismatch(100, 0), error.alreadyComplete()),
      ...version,
      ...bytes,
    }),
    head: adding(routes.head, [VERSION], version),
    options: answering(routes.options, 204, {
      'Tus-Version': text('`1.0.0`'),
      'Tus-Extension': text('The supported extensions.'),
      'Tus-Max-Size': number('Maximum file size in bytes, if limited.'),
      'Tus-Checksum-Algorithm': text('The algorithms that `Upload-Checksum` may use.'),
    }),
  };
}

function adding(
  route: RouteDescription,
  parameters: readonly Parameter[],
  responses: Readonly<Record<number, Response>>,
  sentence = '',
): RouteDescription {
  const known = new Set(route.parameters.map(({ name }) => name));
  const body = route.requestBody && {
    requestBody: {
      ...route.requestBody,
      content: {
        ...route.requestBody.content,
        'application/offset+octet-stream': { schema: BINARY },
      },
    },
  };
  return {
    ...route,
    description: [route.description, sentence].join(' ').trim(),
    parameters: [...route.parameters, ...parameters.filter(({ name }) => !known.has(name))],
    ...body,
    // Of one status the usual words stand.
    responses: { ...responses, ...route.responses },
  };
}

function answering(
  route: RouteDescription,
  status: number,
  headers: NonNullable<Response['headers']>,
): RouteDescription {
  const response = route.responses[status] ?? { description: '' };
  const extended = { ...response, headers: { ...response.headers, ...headers } };
  return { ...route, responses: { ...route.responses, [status]: extended } };
}

function header(name: string, description: string): Parameter {
  return { in: 'header', name, required: false, description, schema: { type: 'string' } };
}
