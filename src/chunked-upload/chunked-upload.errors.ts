import { parseUploadId } from './upload-id.js';

/** What went wrong, for programs. Each code has one HTTP status, chosen by the protocol. */
export type ChunkedUploadErrorCode =
  | 'not_found'
  | 'expired'
  | 'aborted'
  | 'bytes_missing'
  | 'already_complete'
  | 'busy'
  | 'malformed_request'
  | 'unsupported_body'
  | 'unsupported_version'
  | 'no_chunk'
  | 'empty_chunk'
  | 'bad_content_range'
  | 'end_exceeds_total'
  | 'too_large'
  | 'size_mismatch'
  | 'offset_mismatch'
  | 'total_mismatch'
  | 'total_required'
  | 'incomplete'
  | 'checksum_required'
  | 'checksum_mismatch'
  | 'digest_mismatch'
  | 'invalid_field'
  | 'interrupted'
  | 'checksum_state_lost'
  | 'storage_full'
  | 'exceeds_storage'
  | 'unavailable';

/** A sentence, or sentences by the name of the field that they are about. */
export type ErrorDetail = string | Record<string, string[]>;

/**
 * The one error that this library throws on purpose. `code` tells programs what happened, `detail`
 * tells people, `facts` carries the numbers, `cause` the error underneath.
 */
export class ChunkedUploadError extends Error {
  override readonly name = 'ChunkedUploadError';
  #uploadId: string | null = null;
  #endsRequest = false;

  private constructor(
    readonly code: ChunkedUploadErrorCode,
    readonly detail: ErrorDetail,
    readonly facts: Readonly<Record<string, number | null>> = {},
    cause?: unknown,
  ) {
    super(
      typeof detail === 'string' ? detail : Object.values(detail).flat().join(' '),
      causedBy(cause),
    );
  }

  /** The upload that it is about; null where none is known. */
  get uploadId(): string | null {
    return this.#uploadId;
  }

  /** Says which upload it is about, unless that has been said. */
  about(uploadId: string): this {
    this.#uploadId ??= uploadId;
    return this;
  }

  /**
   * Whether it ended a request whose bytes were still coming, for a reason of ours: another request
   * took its upload over or removed it, or this process is being shut down.
   */
  get endsRequest(): boolean {
    return this.#endsRequest;
  }

  /** Says so. */
  endingRequest(): this {
    this.#endsRequest = true;
    return this;
  }

  static notFound() {
    return new ChunkedUploadError('not_found', 'Not found.');
  }

  static expired() {
    return new ChunkedUploadError('expired', 'Upload has expired');
  }

  static aborted() {
    return new ChunkedUploadError('aborted', 'Upload has been aborted');
  }

  static bytesMissing(cause?: unknown) {
    const detail = 'The bytes of this upload are gone from the storage';
    return new ChunkedUploadError('bytes_missing', detail, {}, cause);
  }

  static alreadyComplete() {
    const detail = 'Upload has already been marked as "complete"';
    return new ChunkedUploadError('already_complete', detail);
  }

  static busy() {
    return new ChunkedUploadError('busy', 'Another request is writing this upload');
  }

  static malformedRequest(detail: string, cause?: unknown) {
    return new ChunkedUploadError('malformed_request', detail, {}, cause);
  }

  static unsupportedBody(detail: string) {
    return new ChunkedUploadError('unsupported_body', detail);
  }

  static unsupportedVersion(detail: string) {
    return new ChunkedUploadError('unsupported_version', detail);
  }

  /** @param help why, and how one is sent */
  static noChunk(help?: string) {
    return new ChunkedUploadError('no_chunk', withHelp('No chunk file was submitted', help));
  }

  static emptyChunk(fieldName: string) {
    return new ChunkedUploadError('empty_chunk', {
      [fieldName]: ['The submitted file is empty.'],
    });
  }

  /** @param help which header, and what it is to be */
  static badContentRange(help?: string) {
    return new ChunkedUploadError('bad_content_range', withHelp('Error in request headers', help));
  }

  static endExceedsTotal(total: number) {
    const help = total > 0 ? `the last byte of such a file is ${total - 1}` : undefined;
    const detail = withHelp(`End of chunk exceeds reported total (${total} bytes)`, help);
    return new ChunkedUploadError('end_exceeds_total', detail);
  }

  static tooLarge(limit: number) {
    return new ChunkedUploadError('too_large', `Size of file exceeds the limit (${limit} bytes)`);
  }

  static sizeMismatch(actual: number, reported: number) {
    const detail = `File size doesn't match headers: file size is ${actual} but ${reported} reported`;
    return new ChunkedUploadError('size_mismatch', detail);
  }

  static offsetMismatch(expectedOffset: number, providedOffset: number) {
    return new ChunkedUploadError('offset_mismatch', 'Offsets do not match', {
      offset: expectedOffset,
      expectedOffset,
      providedOffset,
    });
  }

  static totalMismatch(expectedTotal: number, providedTotal: number) {
    const detail = `Total does not match: ${expectedTotal} bytes were reported before, ${providedTotal} now`;
    return new ChunkedUploadError('total_mismatch', detail, { expectedTotal, providedTotal });
  }

  static totalRequired() {
    return new ChunkedUploadError('total_required', {
      total: ['The total size is not known yet and must be given to complete the upload.'],
    });
  }

  static incomplete(offset: number, total: number) {
    const detail = `Upload is not complete: ${offset} of ${total} bytes have been received`;
    return new ChunkedUploadError('incomplete', detail, { offset, total });
  }

  static checksumRequired(algorithm: string) {
    const tool = { blake3: 'b3sum', crc32: 'crc32' }[algorithm] ?? `${algorithm}sum`;
    const detail = withHelp(
      `Both 'id' and '${algorithm}' are required`,
      `${algorithm} is missing. Send the checksum of the whole file in hex, as ${tool} prints it`,
    );
    return new ChunkedUploadError('checksum_required', detail);
  }

  static checksumMismatch(algorithm: string) {
    return new ChunkedUploadError('checksum_mismatch', `${algorithm} checksum does not match`);
  }

  static digestMismatch(header: string) {
    return new ChunkedUploadError('digest_mismatch', `${header} does not match the chunk`);
  }

  static invalidField(field: string, sentence: string, cause?: unknown) {
    return new ChunkedUploadError('invalid_field', { [field]: [sentence] }, {}, cause);
  }

  static invalidFields(sentences: Record<string, string[]>, cause?: unknown) {
    return new ChunkedUploadError('invalid_field', sentences, {}, cause);
  }

  /** The body broke off; what had arrived was kept where the upload can be found again. */
  static interrupted(cause: unknown) {
    return new ChunkedUploadError('interrupted', 'The request broke off', {}, cause);
  }

  /** Too much lies behind the last state of this type's algorithm to be read back. */
  static checksumStateLost(cause?: unknown) {
    const detail = 'The checksum of what has arrived so far is lost: begin the upload anew';
    return new ChunkedUploadError('checksum_state_lost', detail, {}, cause);
  }

  static storageFull(cause: unknown) {
    return new ChunkedUploadError('storage_full', 'The storage is full', {}, cause);
  }

  /** Unlike with `storageFull`, another try cannot help. */
  static exceedsStorage(cause?: unknown) {
    const detail = 'The file is larger than the storage can hold';
    return new ChunkedUploadError('exceeds_storage', detail, {}, cause);
  }

  /** All forms together hold too much memory, and this is one of the largest. */
  static tooManyForms() {
    return new ChunkedUploadError('unavailable', 'Too many forms are being sent at once');
  }

  static unavailable(detail: string, cause?: unknown) {
    return new ChunkedUploadError('unavailable', detail, {}, cause);
  }
}

// Programs compare how a sentence begins; what follows is for people.
function withHelp(sentence: string, help: string | undefined): string {
  return help === undefined ? sentence : `${sentence}: ${help}`;
}

/** Whether it is an error of this library with one of these codes. */
export function hasCode(
  error: unknown,
  ...codes: readonly ChunkedUploadErrorCode[]
): error is ChunkedUploadError {
  return error instanceof ChunkedUploadError && codes.includes(error.code);
}

/** `error`, which says from here on which upload it is about if it is this library's. */
export function aboutUpload(error: unknown, uploadId: string): unknown {
  // What a client calls an id may be anything, and is not to be repeated in a log.
  const id = parseUploadId(uploadId);
  return error instanceof ChunkedUploadError && id !== null ? error.about(id) : error;
}

/** Refuses an option that is wrong. @throws TypeError that names it */
export function failOption(option: string, sentence: string, cause?: unknown): never {
  throw new TypeError(`ChunkedUploadModule: the option "${option}" ${sentence}`, causedBy(cause));
}

// Without one there is no property either: Node would print it, as undefined, with every stack.
function causedBy(cause: unknown): ErrorOptions | undefined {
  return cause === undefined ? undefined : { cause };
}
