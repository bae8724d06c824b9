import type { Response, Schema } from './openapi.types.js';

export const NO_STORE = { 'Cache-Control': text('`no-store`') };

export function answer(description: string, schema: Schema): Response {
  return { description, headers: NO_STORE, content: { 'application/json': { schema } } };
}

export function number(description: string) {
  return { description, schema: { type: 'integer', format: 'int64' } };
}

export function text(description: string) {
  return { description, schema: { type: 'string' } };
}

/** HEAD has the same answers, and no body. */
export function withoutBody(responses: Record<number, Response>): Record<number, Response> {
  const bare = Object.entries(responses).map(([status, { description, headers }]) => [
    status,
    { description, ...(headers ? { headers } : {}) },
  ]);
  return Object.fromEntries(bare) as Record<number, Response>;
}
