import type { Suggested, SuggestedField } from '../database/admin-overview.repository.js';
import { oneOf, requireKnown, text } from './admin-query.js';

const FIELDS: readonly SuggestedField[] = ['creator', 'owner_type', 'owner_id'];
const MOST = 10;

/** Reads a query string. @throws ChunkedUploadError `invalid_field` */
export function parseSuggestions(
  query: URLSearchParams,
): Suggested & { readonly type: string | undefined } {
  requireKnown(query, ['type', 'field', 'prefix', 'owner_type']);
  const ownerType = text(query, 'owner_type');
  return {
    type: text(query, 'type'),
    field: oneOf('field', text(query, 'field') ?? '', FIELDS),
    prefix: text(query, 'prefix') ?? '',
    ...(ownerType !== undefined && { ownerType }),
    limit: MOST,
  };
}
