export const PROTOCOL_NAMES = ['content-range', 'tus', 'filepond', 'resumable-http'] as const;

/** A protocol that clients may speak on the URLs of an upload type. */
export type ProtocolName = (typeof PROTOCOL_NAMES)[number];
