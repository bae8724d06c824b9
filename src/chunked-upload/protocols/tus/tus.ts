import { HttpException } from '@nestjs/common';
import type { UploadContext } from '../../chunked-upload.context.js';
import { type AbstractChunkedUpload, ChunkedUploadStatus } from '../../chunked-upload.entity.js';
import { ChunkedUploadError, aboutUpload, hasCode } from '../../chunked-upload.errors.js';
import { announcedLimits } from '../http/announced-limits.js';
import { isKept, isRefusal } from '../http/failed-creation.js';
import {
  type HostRequest,
  type HostResponse,
  absoluteUrl,
  fieldOf,
  incomingOf,
} from '../http/host-request.js';
import { type ReceivedFile, isNothing } from '../http/received-file.js';
import { withRawBody } from '../http/request-body.js';
import { sizeField } from '../http/size-field.js';
import type { ProtocolSteps } from '../http/upload-protocol.js';
import { TUS_CHECKSUM_ALGORITHMS, uploadChecksums } from './upload-checksum.js';
import { describedBy, metadataPair, parseMetadata } from './upload-metadata.js';
import { TUS_EXTENSIONS, TUS_VERSION, hasTusType, requireTusType } from './tus-request.js';

/**
 * tus 1.0: the core protocol, and the extensions that `TUS_EXTENSIONS` names. An upload completes with
 * its last byte.
 */
export class Tus {
  constructor(
    private readonly steps: ProtocolSteps,
    private readonly request: HostRequest,
    private readonly response: HostResponse,
  ) {}

  /** Creation, with the first bytes or without (creation, creation-with-upload, creation-defer-length). */
  async create(): Promise<void> {
    const { uploads, uploadType } = this.steps;
    const context = await this.#context();
    const total = this.#announcedLength();
    const metadata = fieldOf(this.#incoming, 'upload-metadata');
    const described = describedBy(parseMetadata(metadata), {
      fields: uploadType.fields?.names ?? [],
      checksum: uploadType.checksum?.algorithm ?? null,
    });
    const collectionUrl = absoluteUrl(this.request, 0);
    const upload = await withRawBody(this.request, async (file) => {
      const bytes = await this.#bytesOf(file);
      const digests = this.#checksums();
      const created = await uploads.create(
        { total, clientMetadata: metadata ?? null, ...described },
        context,
      );
      const locate = () =>
        this.response.header('Location', `${new URL(collectionUrl).pathname}/${created.id}`);
      let hasCome = false;
      try {
        const reached = bytes
          ? await uploads.append(created.id, { ...bytes, offset: 0, total, digests }, context)
          : created;
        hasCome = true;
        const finished = await this.#completeWhole(reached, context);
        locate();
        return finished;
      } catch (error) {
        // What onComplete throws is no refusal: its client asks, and it is tried again.
        const isOfHook = hasCome && !(error instanceof ChunkedUploadError);
        if (isRefusal(error) && !isOfHook) await uploads.remove(created.id, context);
        else if (isKept(error)) locate();
        throw error;
      }
    });
    this.#acknowledge(upload);
    this.response.status(201);
  }

  /** Where to go on. After whatever fails but by the client it is to be asked again. */
  async head(id: string): Promise<void> {
    await this.#tell(id).catch((error: unknown) => {
      throw aboutUpload(toBeRetried(error), id);
    });
  }

  /** Ends a silent writer first, and keeps what it had sent. */
  async #tell(id: string): Promise<void> {
    const context = await this.#context();
    const found = await this.steps.uploads.findPosition(id, null, context);
    // To its client an upload of which all bytes are there is over: it will send no other request.
    const upload = await this.#completeWhole(found, context);
    const { total, filename } = upload;
    this.#acknowledge(upload);
    if (total === null) this.response.header('Upload-Defer-Length', '1');
    else this.response.header('Upload-Length', String(total));
    const metadata = metadataOf(upload) ?? metadataPair('filename', filename);
    this.response.header('Upload-Metadata', metadata);
  }

  /** Takes the next bytes; with the last of them the upload is complete. */
  async append(id: string): Promise<void> {
    const incoming = this.#incoming;
    const { uploads } = this.steps;
    const context = await this.#context();
    requireTusType(incoming);
    const offset = sizeField(incoming, 'Upload-Offset');
    if (offset === null) {
      throw ChunkedUploadError.malformedRequest(
        'The header Upload-Offset is missing. It says where these bytes begin.',
      );
    }
    const total = sizeField(incoming, 'Upload-Length');
    if (total !== null && total < offset) {
      throw ChunkedUploadError.malformedRequest('Upload-Length is less than Upload-Offset');
    }
    const digests = this.#checksums();
    const upload = await withRawBody(this.request, async (file) => {
      const bytes = await this.#bytesOf(file);
      const isNews = bytes !== null || total !== null;
      const found = isNews ? null : await uploads.findPosition(id, total, context);
      if (found && found.offset !== offset) {
        throw ChunkedUploadError.offsetMismatch(found.offset, offset);
      }
      const chunk = { ...(bytes ?? NOTHING), offset, total, digests };
      const reached = found ?? (await uploads.append(id, chunk, context));
      return this.#completeWhole(reached, context);
    });
    this.#acknowledge(upload);
    this.response.status(204);
  }

  /** Termination: bytes and record go, whatever the state. */
  async remove(id: string): Promise<void> {
    await this.steps.uploads.remove(id, await this.#context());
    this.response.status(204);
  }

  get #incoming() {
    return incomingOf(this.request);
  }

  async #context(): Promise<UploadContext> {
    this.response.header('Cache-Control', 'no-store');
    return this.steps.context(this.request);
  }

  #checksums() {
    return uploadChecksums(fieldOf(this.#incoming, 'upload-checksum'));
  }

  /** Null: the request has none. */
  async #bytesOf(file: ReceivedFile | null) {
    if (!file || file.length === 0) return null;
    // That there are none need not be announced. Nothing is of no type.
    if (!hasTusType(this.#incoming) && (await isNothing(file))) return null;
    requireTusType(this.#incoming);
    const { body, length } = file;
    // Of what comes in chunks of HTTP's own nobody knows whether there will be any of it.
    return { body, length, mayBeEmpty: length === null };
  }

  /** Null: the client says it later. */
  #announcedLength(): number | null {
    const incoming = this.#incoming;
    if (incoming.headers['upload-concat'] !== undefined) {
      throw ChunkedUploadError.malformedRequest(
        'Upload-Concat is not supported: send a file as one upload',
      );
    }
    const total = sizeField(incoming, 'Upload-Length');
    const deferred = fieldOf(incoming, 'upload-defer-length')?.trim();
    const isDeferred = deferred === '1';
    if (deferred === undefined ? total !== null : isDeferred && total === null) return total;
    throw ChunkedUploadError.malformedRequest(
      'Send Upload-Length (the file size in bytes) or Upload-Defer-Length: 1',
    );
  }

  /** Completes an upload of which all bytes are there. */
  async #completeWhole(
    upload: AbstractChunkedUpload,
    context: UploadContext,
  ): Promise<AbstractChunkedUpload> {
    const { id, offset, total, status } = upload;
    if (status !== ChunkedUploadStatus.Incomplete || offset !== total) return upload;
    const { uploads } = this.steps;
    try {
      return (await uploads.complete(id, { checksum: false }, context)).upload;
    } catch (error) {
      // Its client cannot send another sum, and would take it for done when it asks again.
      if (hasCode(error, 'checksum_mismatch')) await uploads.abort(id, context);
      throw error;
    }
  }

  #acknowledge({ offset, status, expiresAt }: AbstractChunkedUpload): void {
    this.response.header('Upload-Offset', String(offset));
    if (expiresAt && status === ChunkedUploadStatus.Incomplete) {
      this.response.header('Upload-Expires', expiresAt.toUTCString());
    }
  }
}

const NOTHING = { body: new Uint8Array(0), length: 0, mayBeEmpty: true } as const;

/** What OPTIONS tells of this protocol. */
export async function tusOptions(
  steps: ProtocolSteps,
  request: HostRequest,
): Promise<Record<string, string>> {
  const { max = null } = (await announcedLimits(steps, request)) ?? {};
  return {
    'Tus-Resumable': TUS_VERSION,
    'Tus-Version': TUS_VERSION,
    'Tus-Extension': TUS_EXTENSIONS.join(','),
    'Tus-Checksum-Algorithm': TUS_CHECKSUM_ALGORITHMS.join(','),
    ...(max === null ? {} : { 'Tus-Max-Size': String(max) }),
  };
}

/** What fails by a mistake, of the host as well, is to be tried again: see `tusRefusal`. */
function toBeRetried(error: unknown): unknown {
  const isTold =
    error instanceof ChunkedUploadError ||
    (error instanceof HttpException && error.getStatus() < 500);
  return isTold
    ? error
    : ChunkedUploadError.unavailable('The question where to go on failed', error);
}

/** As its client has sent it; undefined: it has sent none, or was begun by another protocol. */
function metadataOf({ protocol, clientMetadata }: AbstractChunkedUpload): string | undefined {
  return (protocol === 'tus' && clientMetadata) || undefined;
}
