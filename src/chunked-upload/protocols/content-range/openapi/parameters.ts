import type { DescribedType, Parameter, Properties, Schema } from './openapi.types.js';

const TEXT: Schema = { type: 'string' };
const COUNT: Schema = { type: 'integer', minimum: 0 };
const UUID: Schema = { type: 'string', format: 'uuid' };

export const ID: Parameter = {
  in: 'path',
  name: 'id',
  required: true,
  description: 'Of the upload; in any case, with or without hyphens.',
  schema: UUID,
};

export const CONTENT_RANGE: Parameter = {
  ...header(
    'Content-Range',
    'Which bytes these are, of how many: `bytes 0-99/300`, or `bytes 0-99/*`. Without bytes: ' +
      '`bytes */300`.',
  ),
  required: true,
  schema: {
    type: 'string',
    pattern: '^bytes (\\d+-\\d+/(\\d+|\\*)|\\*/\\d+)$',
    example: 'bytes 0-99/300',
  },
};

export const DIGESTS: readonly Parameter[] = [
  header('Content-MD5', 'Of the chunk, for a raw body: a mismatch is refused and changes nothing.'),
  header('Content-Digest', 'Of the chunk, for a raw body (RFC 9530).'),
];

export const DOWNLOAD: readonly Parameter[] = [
  header('Range', 'One range of bytes: `bytes=0-99`.'),
  header('If-None-Match', 'An ETag: not sent again while it is the same.'),
];

export function listParameters({ owners }: DescribedType): Parameter[] {
  const ofOwner = [
    query('owner_type', 'Together with `owner_id`: those that belong to this record.', TEXT),
    query('owner_id', 'Together with `owner_type`.', TEXT),
  ];
  return [
    query('status', '1 incomplete, 2 complete, 3 aborted.', { type: 'integer', enum: [1, 2, 3] }),
    ...(owners.length > 0 ? ofOwner : []),
    query('limit', 'At most so many, and at most 1000.', { ...COUNT, minimum: 1, default: 1000 }),
    query('offset', 'Without the first so many.', { ...COUNT, default: 0 }),
  ];
}

export const NAMED: Parameter = query('upload_id', 'The upload that is meant.', UUID);

/** Fields that a request may have in its form, or in its query string where the body is raw. */
export function chunkFields(type: DescribedType): Properties {
  return {
    upload_id: {
      ...UUID,
      description: 'The upload that the chunk belongs to; left out: a new one. Before the file.',
    },
    filename: {
      ...TEXT,
      maxLength: 255,
      description: 'Of a new upload. Left out: the name of the part, or of `Content-Disposition`.',
    },
    ...(type.owners.length > 0
      ? {
          owner_type: { ...TEXT, enum: type.owners, description: 'What a new upload belongs to.' },
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
      description: 'Size of the whole file in bytes, where no chunk has said it.',
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
