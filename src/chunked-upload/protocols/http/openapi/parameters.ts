import type { DescribedType, Parameter, Properties, Schema } from './openapi.types.js';

export const TEXT: Schema = { type: 'string' };
export const COUNT: Schema = { type: 'integer', minimum: 0 };
export const UUID: Schema = { type: 'string', format: 'uuid' };

export const ID: Parameter = {
  in: 'path',
  name: 'id',
  required: true,
  description: 'Id of the upload, in upper or lower case, with or without hyphens.',
  schema: UUID,
};

export const DIGESTS: readonly Parameter[] = [
  header(
    'Content-MD5',
    'MD5 of the chunk, for a raw body. If it does not match, the chunk is refused.',
  ),
  header('Content-Digest', 'Digest of the chunk, for a raw body (RFC 9530).'),
];

/** What a new upload may be given, in a form or in a query string. */
export function newUploadFields(type: DescribedType): Properties {
  return {
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

export function inQuery(properties: Properties): Parameter[] {
  return Object.entries(properties).map(([name, { description = '', ...schema }]) =>
    query(name, description, schema),
  );
}

export function query(name: string, description: string, schema: Schema): Parameter {
  return { in: 'query', name, required: false, description, schema };
}

export function header(name: string, description: string, schema: Schema = TEXT): Parameter {
  return { in: 'header', name, required: false, description, schema };
}

export function required(parameter: Parameter): Parameter {
  return { ...parameter, required: true };
}
