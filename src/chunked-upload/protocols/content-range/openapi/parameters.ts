import type { DescribedType, Parameter, Properties, Schema } from './openapi.types.js';

const TEXT: Schema = { type: 'string' };
const COUNT: Schema = { type: 'integer', minimum: 0 };
const UUID: Schema = { type: 'string', format: 'uuid' };

export const ID: Parameter = {
  in: 'path',
  name: 'id',
  required: true,
  description: 'Id of the upload, in upper or lower case, with or without hyphens.',
  schema: UUID,
};

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

export const DIGESTS: readonly Parameter[] = [
  header(
    'Content-MD5',
    'MD5 of the chunk, for a raw body. If it does not match, the chunk is refused.',
  ),
  header('Content-Digest', 'Digest of the chunk, for a raw body (RFC 9530).'),
];

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
    filename: {
      ...TEXT,
      maxLength: 255,
      description: 'For a new upload. Default: the name of the part, or of `Content-Disposition`.',
    },
    ...(type.owners.length > 0
      ? {
          owner_type: { ...TEXT, enum: type.owners, description: 'Owner of a new upload.' },
          owner_id: { ...TEXT, description: 'Together with `owner_type`.' },
        }
      : {}),
    ...type.fields,
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

export function inQuery(properties: Properties): Parameter[] {
  return Object.entries(properties).map(([name, { description = '', ...schema }]) =>
    query(name, description, schema),
  );
}

function query(name: string, description: string, schema: Schema): Parameter {
  return { in: 'query', name, required: false, description, schema };
}

function header(name: string, description: string): Parameter {
  return { in: 'header', name, required: false, description, schema: TEXT };
}
