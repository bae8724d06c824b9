import { parseUploadId } from '../../upload-id.js';

/** Parameters that an id may stand in: FilePond's own, and those that people write in their page. */
const NAMES = ['patch', 'id', 'upload_id'];

/**
 * The id that FilePond has put behind its URL: `?patch=<id>` unless its page says something else, such
 * as `?id=` or `?`. Null: there is none.
 */
export function idInQuery(query: URLSearchParams): string | null {
  for (const name of NAMES) {
    const id = query.get(name)?.trim();
    if (id) return id;
  }
  for (const [name, value] of query) {
    if (value === '' && parseUploadId(name) !== null) return name;
  }
  return null;
}
