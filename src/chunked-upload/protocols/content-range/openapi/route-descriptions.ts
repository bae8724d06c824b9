import { ChunkedUploadError } from '../../../chunked-upload.errors.js';
import { NO_STORE, answer, number, text, withoutBody } from '../../http/openapi/answers.js';
import { errorResponses } from '../../http/openapi/error-responses.js';
import type { DescribedRoutes, DescribedType, Schema } from '../../http/openapi/openapi.types.js';
import { ID } from '../../http/openapi/parameters.js';
import { fileAnswers } from './file-answers.js';
import { DOWNLOAD, NAMED, listParameters } from './parameters.js';

const error = ChunkedUploadError;

const UNKNOWN = [error.notFound()];
const AWAY = [error.unavailable('The storage is not available')];
const BUSY = [error.busy()];

/** Whose uploads a request is of. */
export function seenUploads({ userRestricted }: DescribedType): string {
  return userRestricted
    ? 'Callers see only their own uploads; every other id is 404.'
    : 'All callers may see and change all uploads.';
}

/** What is the same for uploads of all protocols, for people and for generators of clients. */
export function routeDescriptions(type: DescribedType): DescribedRoutes {
  const upload: Schema = { $ref: type.uploadRef };
  const errors = (...list: ChunkedUploadError[]) => errorResponses(type.errorRef, list);
  return {
    options: {
      summary: 'Ask which protocols are supported',
      description: 'Lists the protocols, and their limits.',
      parameters: [],
      responses: {
        204: {
          description: 'One set of headers for each protocol of this upload type.',
          headers: { Allow: text('The allowed methods.') },
        },
      },
    },
    list: {
      summary: 'List uploads, oldest first',
      description: type.userRestricted
        ? 'The caller’s uploads. Anonymous callers get an empty list.'
        : 'All uploads.',
      parameters: listParameters(type),
      responses: {
        200: {
          ...answer('Up to 1000 uploads.', { type: 'array', items: upload }),
          headers: {
            ...NO_STORE,
            Link: text('The next page, if there is one: `<…>; rel="next"` (RFC 8288).'),
          },
        },
        ...errors(error.invalidField('status', 'A whole number from 1 to 3 is required.'), ...AWAY),
      },
    },
    head: {
      summary: 'Ask where to continue',
      description: 'If another request has stopped sending, it is ended, and its bytes are kept.',
      parameters: [ID],
      responses: {
        200: {
          description: 'The upload exists.',
          headers: {
            'Upload-Offset': number('Where the next chunk starts.'),
            'Upload-Length': number('Size of the whole file, if known.'),
            ...NO_STORE,
          },
        },
        ...withoutBody(errors(...UNKNOWN, ...BUSY, ...AWAY)),
      },
    },
    get: {
      summary: 'Show an upload',
      description: seenUploads(type),
      parameters: [ID],
      responses: { 200: answer('The upload.', upload), ...errors(...UNKNOWN, ...AWAY) },
    },
    headFile: {
      summary: 'Headers of the completed file',
      description: 'The same headers as GET.',
      parameters: [ID, ...DOWNLOAD],
      responses: withoutBody({ ...fileAnswers(type.errorRef), ...errors(...UNKNOWN, ...AWAY) }),
    },
    getFile: {
      summary: 'Download the completed file, or a range of it',
      description: 'Always as an attachment. 404 until the upload is complete.',
      parameters: [ID, ...DOWNLOAD],
      responses: {
        ...fileAnswers(type.errorRef),
        ...errors(...UNKNOWN, error.bytesMissing(), ...AWAY),
      },
    },
    removeNamed: {
      summary: 'Remove the upload that upload_id names',
      description: 'Like DELETE of its URL. `upload_id` may also come in a form.',
      parameters: [{ ...NAMED, required: true }],
      responses: {
        204: { description: 'Record and bytes have been removed.' },
        ...errors(
          error.invalidField('upload_id', 'This field is required.'),
          ...UNKNOWN,
          ...BUSY,
          ...AWAY,
        ),
      },
    },
    remove: {
      summary: 'Remove an upload, record and bytes',
      description: 'In any state. A request that is writing it is ended.',
      parameters: [ID],
      responses: {
        204: { description: 'Record and bytes have been removed.' },
        ...errors(...UNKNOWN, ...BUSY, ...AWAY),
      },
    },
  };
}
