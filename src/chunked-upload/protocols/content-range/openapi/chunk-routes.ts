import { ChunkedUploadError } from '../../../chunked-upload.errors.js';
import { answer } from '../../http/openapi/answers.js';
import { errorResponses } from '../../http/openapi/error-responses.js';
import type {
  DescribedRoutes,
  DescribedType,
  Response,
  Schema,
} from '../../http/openapi/openapi.types.js';
import { DIGESTS, ID, inQuery } from '../../http/openapi/parameters.js';
import { BINARY, form, plainForms, raw } from '../../http/openapi/request-bodies.js';
import { CONTENT_RANGE, chunkFields, completionFields } from './parameters.js';
import { seenUploads } from './route-descriptions.js';

const error = ChunkedUploadError;
const nothing = undefined;

const UNKNOWN = [error.notFound()];
const GONE = [error.expired(), error.aborted(), error.bytesMissing(), error.checksumStateLost()];
const AWAY = [error.unavailable('The storage is not available')];
const FULL = [error.storageFull(nothing), error.exceedsStorage()];
const WRITE = [...GONE, error.busy(), ...FULL, ...AWAY];
const BODY = [error.noChunk(), error.unsupportedBody('Content-Encoding is not supported')];
const LATE_ID = error.invalidField(
  'upload_id',
  'This field must come before the file, or in the query string.',
);

/** Chunks with `Content-Range`, and the request that completes. */
export function chunkRoutes(type: DescribedType): DescribedRoutes {
  const { checksum, fieldName, uploadRef } = type;
  const upload: Schema = { $ref: uploadRef };
  const errors = (...list: ChunkedUploadError[]) => errorResponses(type.errorRef, list);
  const shown: Record<number, Response> = { 200: answer('The upload.', upload) };
  const completed: Record<number, Response> = {
    200: type.hasOnComplete
      ? answer('The application’s response to a completed upload, or the upload.', {})
      : shown[200]!,
  };
  const seen = seenUploads(type);

  const chunk = [
    error.badContentRange(),
    error.endExceedsTotal(300),
    error.tooLarge(1000),
    error.sizeMismatch(90, 100),
    error.offsetMismatch(100, 0),
    error.totalMismatch(300, 400),
    error.emptyChunk(fieldName),
    error.digestMismatch('Content-MD5'),
    ...BODY,
  ];
  const completion = [
    ...(checksum === null
      ? [error.totalRequired()]
      : [error.checksumRequired(checksum), error.checksumMismatch(checksum)]),
    error.incomplete(100, 300),
  ];
  const fresh = [
    error.invalidField('filename', 'This field is required.'),
    error.invalidField(fieldName, 'What a rule of this upload type says of the file.'),
    ...(type.owners.length > 0
      ? [error.invalidField('owner_id', 'What is wrong with the owner.')]
      : []),
  ];

  const file = { [fieldName]: { ...BINARY, description: 'The bytes.' } };
  const fields = chunkFields(type);
  const finishing = completionFields(type);
  const finishingNamed = {
    upload_id: { ...fields['upload_id'], description: 'The upload.' },
    ...finishing,
  };
  const required = checksum === null ? [] : [checksum];

  return {
    putFirst: {
      summary: 'Begin an upload, or send a chunk of the one that upload_id names',
      description:
        'Without `upload_id` a new upload begins with this chunk, which must start at 0. With it, ' +
        'in the query string or in the form before the file, it is the next chunk of that upload. ' +
        'With `Content-Range: bytes */300` and no bytes the new upload begins at offset 0, before ' +
        'the first of them is sent; with `upload_id` the response says where to continue. ' +
        seen,
      parameters: [CONTENT_RANGE, ...inQuery(fields), ...DIGESTS],
      requestBody: {
        required: false,
        description:
          'The bytes as they are, or a form with the file and other fields; with ' +
          '`Content-Range: bytes */300` a form without a file, or nothing.',
        content: {
          ...raw(),
          ...form({ ...fields, ...file }, [fieldName]),
          ...plainForms(fields, []),
        },
      },
      responses: {
        ...shown,
        ...errors(...chunk, ...fresh, LATE_ID, error.alreadyComplete(), ...UNKNOWN, ...WRITE),
      },
    },
    put: {
      summary: 'Send the next chunk',
      description:
        'It must start at the upload’s offset. The response comes when the bytes are in storage. If ' +
        'the connection breaks, the bytes that arrived are kept: ask where to continue with HEAD, ' +
        'or with `Content-Range: bytes */300` and no body. ' +
        seen,
      parameters: [ID, CONTENT_RANGE, ...DIGESTS],
      requestBody: {
        required: false,
        description: 'The bytes; none with `Content-Range: bytes */300`.',
        content: { ...raw(), ...form(file, [fieldName]) },
      },
      responses: { ...shown, ...errors(...chunk, error.alreadyComplete(), ...UNKNOWN, ...WRITE) },
    },
    postWhole: {
      summary: 'Send a whole file, or complete the upload that upload_id names',
      description:
        'With a file: stores it in one request. If that fails, nothing is kept. Without one: completes ' +
        'the upload that `upload_id` names, like POST to its URL.',
      parameters: [...inQuery({ ...fields, ...finishing }), ...DIGESTS],
      requestBody: {
        required: true,
        description: 'A file, raw or in a form, or a form without one.',
        content: {
          ...raw(),
          ...form({ ...fields, ...finishing, ...file }, []),
          ...plainForms(finishingNamed, ['upload_id', ...required]),
        },
      },
      responses: {
        ...completed,
        ...errors(
          ...completion,
          ...fresh,
          LATE_ID,
          error.tooLarge(1000),
          ...BODY,
          ...UNKNOWN,
          ...WRITE,
        ),
      },
    },
    post: {
      summary: 'Complete an upload',
      description:
        'Verifies that all bytes are there' +
        (checksum === null ? '' : ` and that their ${checksum} is the one given`) +
        ', and finishes the file. It can be repeated, with the same response.',
      parameters: [ID],
      requestBody: {
        required: checksum !== null,
        content: { ...plainForms(finishing, required), ...form(finishing, required) },
      },
      responses: { ...completed, ...errors(...completion, ...UNKNOWN, ...WRITE) },
    },
  };
}
