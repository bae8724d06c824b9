import type { ChunkedUploadError, ChunkedUploadErrorCode } from '../../chunked-upload.errors.js';

const REGISTRY = 'https://iana.org/assignments/http-problem-types#';

/** Of `application/problem+json` (RFC 9457). */
export interface ProblemType {
  readonly type: string;
  readonly title: string;
  readonly status: number;
}

const OFFSET: ProblemType = {
  type: `${REGISTRY}mismatching-upload-offset`,
  title: 'The offset of the request is not that of the upload',
  status: 409,
};
const LENGTH: ProblemType = {
  type: `${REGISTRY}inconsistent-upload-length`,
  title: 'The lengths that were said of the upload disagree',
  status: 400,
};
const COMPLETED: ProblemType = {
  type: `${REGISTRY}completed-upload`,
  title: 'The upload is complete',
  status: 400,
};

const TYPES: Partial<Record<ChunkedUploadErrorCode, ProblemType>> = {
  offset_mismatch: OFFSET,
  total_mismatch: LENGTH,
  end_exceeds_total: LENGTH,
  incomplete: LENGTH,
  already_complete: COMPLETED,
};

/** The problem type of an error (section 7); null: it has none. `isEmpty`: the request has no content. */
export function problemType({ code }: ChunkedUploadError, isEmpty: boolean): ProblemType | null {
  // Bytes for an upload that is complete are too many (section 4.4.2).
  if (code === 'already_complete' && !isEmpty) return LENGTH;
  return TYPES[code] ?? null;
}

/** The members of a problem besides those that every error of this library has. */
export function problemMembers(
  { facts }: ChunkedUploadError,
  problem: ProblemType,
): Record<string, unknown> {
  if (problem !== OFFSET) return { ...problem };
  // Section 7.1.
  const { expectedOffset, providedOffset } = facts;
  return { ...problem, 'expected-offset': expectedOffset, 'provided-offset': providedOffset };
}
