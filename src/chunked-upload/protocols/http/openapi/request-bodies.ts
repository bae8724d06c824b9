import type { Content, Properties, Schema } from './openapi.types.js';

export const BINARY: Schema = { type: 'string', format: 'binary' };

/** The bytes as they are. */
export function raw(): Content {
  return { 'application/octet-stream': { schema: BINARY } };
}

/** A form that may hold the bytes. */
export function form(properties: Properties, required: readonly string[]): Content {
  return { 'multipart/form-data': { schema: object(properties, required) } };
}

/** A form without them. */
export function plainForms(properties: Properties, required: readonly string[]): Content {
  const schema = object(properties, required);
  return { 'application/json': { schema }, 'application/x-www-form-urlencoded': { schema } };
}

function object(properties: Properties, required: readonly string[]): Schema {
  return { type: 'object', properties, ...(required.length > 0 ? { required } : {}) };
}
