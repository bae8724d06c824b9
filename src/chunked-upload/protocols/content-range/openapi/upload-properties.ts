import { ChunkedUploadStatus } from '../../../chunked-upload.entity.js';
import type { UploadRepresentation } from '../../http/representation.js';
import type { DescribedType, Properties, Schema } from '../../http/openapi/openapi.types.js';

/** Of a type that also has an index: the names that it spells out. */
type Named<T> = keyof { [K in keyof T as string extends K ? never : K]: T[K] };

const TIME: Schema = { type: 'string', format: 'date-time' };

/** An upload as every verb shows it. The compiler holds it against the representation. */
export function uploadProperties({ owners, fields }: DescribedType): Properties {
  const own: Record<Named<UploadRepresentation>, Schema> = {
    id: { type: 'string', format: 'uuid' },
    url: { type: 'string', format: 'uri', description: 'This upload.' },
    file: {
      type: 'string',
      format: 'uri',
      nullable: true,
      description: 'Where the file is; null until it is complete.',
    },
    filename: { type: 'string', minLength: 1, maxLength: 255, example: 'film.mp4' },
    offset: bytes('Bytes durably received: where the next chunk starts.'),
    total: {
      ...bytes('Size of the whole file; null while no request has said it.'),
      nullable: true,
    },
    status: {
      type: 'integer',
      enum: Object.values(ChunkedUploadStatus).filter((value) => typeof value === 'number'),
      description: '1 incomplete, 2 complete, 3 aborted.',
    },
    creator: { type: 'string', nullable: true, description: 'Null: begun anonymously.' },
    owner_type: { type: 'string', nullable: true, ...(owners.length > 0 ? { enum: owners } : {}) },
    owner_id: { type: 'string', nullable: true },
    created_at: TIME,
    completed_at: { ...TIME, nullable: true },
    expires: { ...TIME, nullable: true, description: 'Null: never, or complete.' },
    expires_at: { ...TIME, nullable: true, description: 'The same instant as `expires`.' },
  };
  const ownFields = Object.entries(fields).map(([name, schema]) => [
    name,
    { ...schema, nullable: true },
  ]);
  return { ...(Object.fromEntries(ownFields) as Properties), ...own };
}

/** The body of the module's errors. */
export const ERROR_PROPERTIES: Properties = {
  detail: {
    description: 'A sentence, or sentences by the name of the field that they are about.',
    oneOf: [
      { type: 'string' },
      { type: 'object', additionalProperties: { type: 'array', items: { type: 'string' } } },
    ],
  },
  offset: bytes('Where the upload is.'),
  expected_offset: bytes('Where the chunk should have started.'),
  provided_offset: bytes('Where it started.'),
  expected_total: bytes('What earlier chunks said.'),
  provided_total: bytes('What this one said.'),
  total: bytes('Size of the whole file.'),
};

function bytes(description: string): Schema {
  return { type: 'integer', format: 'int64', minimum: 0, description };
}
