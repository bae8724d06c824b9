const UUID = /^([0-9a-f]{8})-?([0-9a-f]{4})-?([0-9a-f]{4})-?([0-9a-f]{4})-?([0-9a-f]{12})$/i;

/** An id as the database writes it, from any case, with or without hyphens; null if it is none. */
export function parseUploadId(text: string): string | null {
  const groups = UUID.exec(text)?.slice(1);
  return groups ? groups.join('-').toLowerCase() : null;
}
