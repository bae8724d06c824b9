import type { IncomingMessage } from 'node:http';
import {
  type ArgumentsHost,
  Catch,
  type ExceptionFilter,
  Inject,
  Logger,
  Optional,
} from '@nestjs/common';
import { HttpAdapterHost } from '@nestjs/core';
import { ChunkedUploadError, type ChunkedUploadErrorCode } from '../../chunked-upload.errors.js';
import { UPLOAD_MEASUREMENTS } from '../../chunked-upload.tokens.js';
import type { UploadMeasurements } from '../../measurements/upload-measurements.js';
import { setFields } from './answer-head.js';
import { breakOff } from './break-off.js';
import { type HostRequest, type HostResponse, incomingOf } from './host-request.js';
import { type Refusal, protocolNameOf, protocolOf } from './upload-protocol.js';

export const STATUS: Record<ChunkedUploadErrorCode, number> = {
  not_found: 404,
  expired: 410,
  aborted: 410,
  bytes_missing: 410,
  already_complete: 400,
  busy: 423,
  malformed_request: 400,
  unsupported_body: 415,
  unsupported_version: 412,
  no_chunk: 400,
  empty_chunk: 400,
  bad_content_range: 400,
  end_exceeds_total: 400,
  too_large: 400,
  size_mismatch: 400,
  offset_mismatch: 400,
  total_mismatch: 400,
  total_required: 400,
  incomplete: 400,
  checksum_required: 400,
  checksum_mismatch: 400,
  digest_mismatch: 400,
  invalid_field: 400,
  interrupted: 400,
  checksum_state_lost: 410,
  storage_full: 507,
  exceeds_storage: 413,
  unavailable: 503,
};

// Statuses after which trying again soon may help, with how soon, in seconds.
export const RETRY_AFTER: Record<number, string> = { 423: '1', 503: '2' };

/** The one place where this library's errors become HTTP: `{ "detail": …, …numbers }`. */
@Catch(ChunkedUploadError)
export class ChunkedUploadExceptionFilter implements ExceptionFilter<ChunkedUploadError> {
  readonly #logger = new Logger('ChunkedUpload');

  constructor(
    private readonly adapterHost: HttpAdapterHost,
    /** Null where the requests are of no one type. */
    @Optional()
    @Inject(UPLOAD_MEASUREMENTS)
    private readonly measurements: UploadMeasurements | null = null,
  ) {}

  catch(error: ChunkedUploadError, host: ArgumentsHost): void {
    // A filter for all of an application meets what its gateways and resolvers throw as well.
    if (host.getType<string>() !== 'http') throw error;
    const response = host.switchToHttp().getResponse<HostResponse>();
    const incoming = incomingOf(host.switchToHttp().getRequest<HostRequest>());
    const refusal = refusalOf(error, incoming);
    const status = refusal?.status ?? STATUS[error.code];
    const retryAfter = RETRY_AFTER[status];
    if (retryAfter !== undefined) response.header('Retry-After', retryAfter);
    const { uploadId: id, code } = error;
    const protocol = protocolNameOf(incoming);
    this.measurements?.refused({ id, code, status, protocol });
    // One without a cause is no failure: this process is being shut down.
    const isPlanned = error.code === 'unavailable' && error.cause === undefined;
    // A protocol may have another status for it. That bytes are missing is no client's fault either: a disk
    // may not be mounted.
    const isFailure = (STATUS[code] >= 500 && !isPlanned) || code === 'bytes_missing';
    if (isFailure) this.#logger.warn(logLine(error));
    if (!refusal) {
      breakOff(incoming);
      return;
    }
    response.header('Cache-Control', 'no-store');
    const { fields, members = {} } = refusal;
    setFields(response, fields);
    const body = { ...errorBody(error), ...members };
    this.adapterHost.httpAdapter.reply(response, body, status);
  }
}

/** In the words of the request's protocol. Null: its connection is to be broken. */
function refusalOf(error: ChunkedUploadError, incoming: IncomingMessage): Refusal | null {
  const refusal = protocolOf(incoming)?.refuse?.(error, incoming);
  return refusal === undefined ? {} : refusal;
}

export function errorBody(error: ChunkedUploadError): object {
  const facts = Object.entries(error.facts).map(([name, value]) => [snakeCase(name), value]);
  return { detail: error.detail, ...Object.fromEntries(facts) };
}

function snakeCase(name: string): string {
  return name.replace(/[A-Z]/g, (letter) => `_${letter.toLowerCase()}`);
}

function logLine({ uploadId, message, cause, code }: ChunkedUploadError): string {
  const reason = cause instanceof Error ? cause.message : code;
  return `${uploadId === null ? '' : `Upload ${uploadId}: `}${message}: ${reason}`;
}
