import type { OwnFields } from '../../../fields/own-fields.js';
import type { Properties, Schema } from '../../http/openapi/openapi.types.js';

/** What @ApiProperty() notes on a property, as far as it can stand in any schema. */
const NOTED = [
  'description',
  'example',
  'enum',
  'format',
  'default',
  'minimum',
  'maximum',
  'minLength',
  'maxLength',
  'pattern',
] as const satisfies (keyof Schema)[];

const TYPES = new Map<unknown, Schema>([
  [String, { type: 'string' }],
  [Number, { type: 'number' }],
  [Boolean, { type: 'boolean' }],
  [Date, { type: 'string', format: 'date-time' }],
  [Array, { type: 'array', items: {} }],
]);

/** The columns of a type's own, as their class declares and @nestjs/swagger describes them. */
export function fieldsProperties(fields: OwnFields | null): Properties {
  if (!fields) return {};
  const prototype = fields.type.prototype as object;
  return Object.fromEntries(fields.names.map((name) => [name, schemaOf(prototype, name)]));
}

function schemaOf(prototype: object, name: string): Schema {
  const type: unknown = Reflect.getMetadata('design:type', prototype, name);
  const noted = (Reflect.getMetadata('swagger/apiModelProperties', prototype, name) ??
    {}) as Schema;
  const given = NOTED.filter((key) => noted[key] !== undefined).map((key) => [key, noted[key]]);
  return { ...TYPES.get(type), ...(Object.fromEntries(given) as Schema) };
}
