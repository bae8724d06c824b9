import { ChunkedUploadError } from '../../chunked-upload.errors.js';
import { NO_STORE, number, withoutBody } from '../http/openapi/answers.js';
import { errorResponses } from '../http/openapi/error-responses.js';
import type {
  Content,
  DescribedRoutes,
  DescribedType,
  Parameter,
} from '../http/openapi/openapi.types.js';
import { COUNT, ID, UUID, header, query, required } from '../http/openapi/parameters.js';
import { BINARY, form } from '../http/openapi/request-bodies.js';
import { USUAL_NAME } from './metadata.js';

const error = ChunkedUploadError;

const NAMED = required(query('patch', 'Id of the upload (FilePond).', UUID));
const LENGTH = header('Upload-Length', 'Size of the whole file in bytes.', COUNT);
const CHUNK: readonly Parameter[] = [
  required(header('Upload-Offset', 'Where these bytes begin.', COUNT)),
  LENGTH,
  header('Upload-Name', 'FilePond: name of the file, with its first chunk.'),
];

const BYTES: Content = { 'application/offset+octet-stream': { schema: BINARY } };
const THE_ID: Content = { 'text/plain': { schema: UUID } };

/** What FilePond sends, on the routes of all. */
export function describeFilePond({ errorRef, fieldName }: DescribedType): DescribedRoutes {
  const errors = (...list: ChunkedUploadError[]) => errorResponses(errorRef, list);
  const gone = [error.notFound(), error.expired(), error.aborted()];
  const away = error.unavailable('The storage is not available');
  const chunk = {
    requestBody: { required: false, content: BYTES },
    responses: {
      204: { description: 'The bytes are in storage.', headers: NO_STORE },
      ...errors(
        error.offsetMismatch(100, 0),
        error.totalMismatch(300, 400),
        ...gone,
        error.checksumStateLost(),
        error.busy(),
        error.storageFull(undefined),
        error.exceedsStorage(),
        away,
      ),
    },
  };
  const file = { [USUAL_NAME]: { ...BINARY, description: 'The bytes, after the metadata.' } };
  return {
    postWhole: {
      summary: 'Create an upload, or send a small file',
      description:
        `FilePond: a form with the metadata as JSON in the part \`${USUAL_NAME}\` or ` +
        `\`${fieldName}\`, followed by the file if it is small.`,
      parameters: [LENGTH],
      requestBody: { required: true, content: form(file, []) },
      responses: {
        200: {
          description: 'FilePond: the id of the uploaded file, as text.',
          headers: NO_STORE,
          content: THE_ID,
        },
        201: {
          description: 'FilePond: the upload has been created; its id, as text.',
          headers: NO_STORE,
          content: THE_ID,
        },
        ...errors(
          error.invalidField(fieldName, 'What a rule of this upload type says of the file.'),
          error.tooLarge(1000),
          away,
        ),
      },
    },
    patchNamed: {
      summary: 'Send the next chunk (FilePond)',
      description:
        'Bytes that the server already has are skipped. The last byte completes the upload.',
      parameters: [NAMED, ...CHUNK],
      ...chunk,
    },
    patch: {
      summary: 'Send the next bytes',
      description: 'FilePond: if the page puts the id into the path.',
      parameters: [ID, ...CHUNK],
      ...chunk,
    },
    headNamed: {
      summary: 'Ask where to continue (FilePond)',
      description: 'All bytes below the offset are in storage.',
      parameters: [NAMED],
      responses: {
        200: {
          description: 'The upload exists.',
          headers: {
            'Upload-Offset': number('Where the next chunk starts.'),
            'Upload-Length': {
              ...number('Size of the whole file, if known.'),
              required: false,
            },
            ...NO_STORE,
          },
        },
        ...withoutBody(errors(...gone, error.busy(), away)),
      },
    },
    removeNamed: {
      summary: 'Remove an upload (FilePond)',
      description: 'FilePond sends the id as the body, as text.',
      parameters: [],
      responses: {
        204: { description: 'Record and bytes have been removed.' },
        ...errors(error.notFound(), error.busy(), away),
      },
    },
  };
}
