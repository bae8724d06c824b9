import type { IncomingMessage } from 'node:http';
import type { UploadContext } from '../../chunked-upload.context.js';
import type { AbstractChunkedUpload } from '../../chunked-upload.entity.js';
import type { ChunkedUploadError } from '../../chunked-upload.errors.js';
import type { CompletedUpload } from '../../chunked-upload.inputs.js';
import type { ChunkedUploadService } from '../../chunked-upload.service.js';
import type { UploadType } from '../../engine/upload-type.js';
import type { FormFields } from './form-fields.js';
import type { ProtocolName } from './protocol-name.js';
import type { HostRequest, HostResponse } from './host-request.js';
import type { DescribedRoutes, DescribedType } from './openapi/openapi.types.js';
import type { ReceivedFile } from './received-file.js';
import type { UploadRepresentation } from './representation.js';

/** What a protocol needs of the controller whose requests it answers. */
export interface ProtocolSteps {
  readonly uploads: ChunkedUploadService<AbstractChunkedUpload>;
  readonly uploadType: UploadType;
  context(request: HostRequest): Promise<UploadContext>;
  /** How an upload is shown. */
  represent(upload: AbstractChunkedUpload, collectionUrl: string): UploadRepresentation;
  /** What a completing request is answered. */
  answerCompletion(
    completed: CompletedUpload<AbstractChunkedUpload>,
    collectionUrl: string,
  ): unknown;
}

export interface ProtocolRequest {
  readonly request: HostRequest;
  readonly response: HostResponse;
  /** In the path; null: the request is of the upload type as a whole. */
  readonly id: string | null;
}

/** A form whose file has begun. */
export interface ProtocolForm {
  readonly form: FormFields;
  readonly file: ReceivedFile;
  readonly response: HostResponse;
  readonly context: UploadContext;
}

/** How an error is answered by a protocol that has words of its own for it. */
export interface Refusal {
  /** Left out: as everywhere. */
  readonly status?: number;
  readonly fields?: Readonly<Record<string, string>>;
  /** Over what every error says. */
  readonly members?: Readonly<Record<string, unknown>>;
}

/** One way to speak of uploads, on the URLs that all of them share. */
export interface UploadProtocol {
  readonly name: ProtocolName;

  /** Whether a request speaks it, by its method and headers. */
  isSpokenBy(incoming: IncomingMessage, id: string | null): boolean;

  /** The method that is meant by a request that could not have it; null: its own. */
  methodOf?(incoming: IncomingMessage): string | null;

  answer(steps: ProtocolSteps, asked: ProtocolRequest): Promise<unknown>;

  /** Names that a file may have in forms of this protocol that no header tells from others. */
  readonly fileNames?: readonly string[];

  /** Takes the file of such a form. Undefined: it is not of this protocol. */
  takeForm?(steps: ProtocolSteps, given: ProtocolForm): Promise<unknown>;

  /** The sum in hex of the whole file, by what its client has sent when it began; null: none. */
  sumIn?(clientMetadata: string, algorithm: string): string | null;

  /** What OPTIONS tells of it. */
  options?(steps: ProtocolSteps, request: HostRequest): Promise<Readonly<Record<string, string>>>;

  /** What a HEAD of no protocol tells besides, since clients of this one need not mark theirs. */
  headFields?(
    upload: AbstractChunkedUpload,
    context: UploadContext,
  ): Promise<Readonly<Record<string, string>>>;

  /** What OpenAPI tells of it. */
  describe(type: DescribedType): DescribedRoutes;

  /** Null: there is no answer, the request is to be broken off. */
  refuse?(error: ChunkedUploadError, incoming: IncomingMessage): Refusal | null;
}

const spoken = new WeakMap<IncomingMessage, UploadProtocol>();

/** The protocol of a request, which is that of its errors as well; undefined: none of these. */
export function chooseProtocol(
  protocols: readonly UploadProtocol[],
  incoming: IncomingMessage,
  id: string | null,
): UploadProtocol | undefined {
  const chosen = protocols.find((protocol) => protocol.isSpokenBy(incoming, id));
  if (chosen) spoken.set(incoming, chosen);
  return chosen;
}

export function protocolOf(incoming: IncomingMessage): UploadProtocol | undefined {
  return spoken.get(incoming);
}

/** As records, events and measurements call it. */
export function protocolNameOf(incoming: IncomingMessage): ProtocolName {
  return protocolOf(incoming)?.name ?? 'content-range';
}
