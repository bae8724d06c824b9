import type { DescribedType, Parameter, Properties } from '../../http/openapi/openapi.types.js';
import {
  COUNT,
  TEXT,
  UUID,
  header,
  newUploadFields,
  query,
} from '../../http/openapi/parameters.js';

export const CONTENT_RANGE: Parameter = {
  ...header(
    'Content-Range',
    'First and last byte and size of the file: `bytes 0-99/300`, or `bytes 0-99/*` if the size is ' +
      'unknown. Without bytes: `bytes */300`.',
  ),
  required: true,
  schema: {
    type: 'string',
    pattern: '^bytes (\\d+-\\d+/(\\d+|\\*)|\\*/\\d+)$',
    example: 'bytes 0-99/300',
  },
};

export const DOWNLOAD: readonly Parameter[] = [
  header('Range', 'One range of bytes: `bytes=0-99`.'),
  header('If-None-Match', 'An ETag. 304 if the file still has it.'),
];

export function listParameters({ owners }: DescribedType): Parameter[] {
  const ofOwner = [
    query('owner_type', 'Only the uploads of this owner. Together with `owner_id`.', TEXT),
    query('owner_id', 'Together with `owner_type`.', TEXT),
  ];
  return [
    query('status', '1 incomplete, 2 complete, 3 aborted.', { type: 'integer', enum: [1, 2, 3] }),
    ...(owners.length > 0 ? ofOwner : []),
    query('limit', 'Page size, up to 1000.', { ...COUNT, minimum: 1, default: 1000 }),
    query('offset', 'Number of uploads to skip.', { ...COUNT, default: 0 }),
  ];
}

export const NAMED: Parameter = query('upload_id', 'Id of the upload.', UUID);

/** Fields that a request may have in its form, or in its query string where the body is raw. */
export function chunkFields(type: DescribedType): Properties {
  return {
    upload_id: {
      ...UUID,
      description: 'Id of the upload; without it a new one starts. Must come before the file.',
    },
    ...newUploadFields(type),
  };
}

/** Fields of a request that completes an upload. */
export function completionFields(type: DescribedType): Properties {
  const { checksum } = type;
  return {
    ...(checksum === null
      ? {}
      : { [checksum]: { ...TEXT, description: `${checksum} of the whole file, in hex.` } }),
    total: {
      ...COUNT,
      format: 'int64',
      description: 'Size of the whole file in bytes, if no chunk has stated it.',
    },
  };
}
