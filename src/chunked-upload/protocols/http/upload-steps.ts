import { Inject, InternalServerErrorException, Logger } from '@nestjs/common';
import type { AbstractChunkedUpload } from '../../chunked-upload.entity.js';
import type { CompletedUpload } from '../../chunked-upload.inputs.js';
import type {
  RequestWithUser,
  SizeLimits,
  UploadAccess,
  UploadContext,
  UserId,
} from '../../chunked-upload.context.js';
import type { ChunkedUploadService } from '../../chunked-upload.service.js';
import { UPLOAD_PROTOCOLS, UPLOAD_SERVICE, UPLOAD_TYPE } from '../../chunked-upload.tokens.js';
import { UserMistake, creatorOf } from '../../creator.js';
import type { UploadType } from '../../engine/upload-type.js';
import { fileResponse } from './file-response.js';
import { type HostRequest, incomingOf } from './host-request.js';
import { type UploadRepresentation, representUpload } from './representation.js';
import { type UploadProtocol, protocolNameOf } from './upload-protocol.js';

/**
 * The steps of every request, for a host's subclass of `ChunkedUploadController` to override one by
 * one. None of them is a route.
 */
export abstract class UploadSteps {
  @Inject(UPLOAD_SERVICE)
  protected readonly uploads!: ChunkedUploadService<AbstractChunkedUpload>;

  @Inject(UPLOAD_TYPE)
  protected readonly uploadType!: UploadType;

  /** What may be spoken here besides the type's own protocol. */
  @Inject(UPLOAD_PROTOCOLS)
  protected readonly protocols!: readonly UploadProtocol[];

  readonly #log = new Logger('ChunkedUpload');

  /**
   * Step: who calls; null or undefined: anonymous. Default: what the option `user` says. What is no
   * id, such as an empty text, is answered 500.
   */
  protected user(request: HostRequest): UserId | Promise<UserId> {
    return this.uploadType.user(request as unknown as RequestWithUser);
  }

  /**
   * Step: whose uploads the caller may see and touch. Default: with `userRestricted` the own ones,
   * else all.
   */
  protected access({ creator }: UploadContext): UploadAccess | Promise<UploadAccess> {
    return this.uploadType.userRestricted ? { creators: [creator] } : 'all';
  }

  /** Step: what the caller's files may measure. Default: the options `minBytes` and `maxBytes`. */
  protected limits(context: UploadContext): SizeLimits | Promise<SizeLimits> {
    return this.uploads.limits(context);
  }

  /** Step: how an upload is shown. `collectionUrl` is absolute, without a slash at its end. */
  protected represent(upload: AbstractChunkedUpload, collectionUrl: string): UploadRepresentation {
    return representUpload(upload, collectionUrl, this.uploadType.fields?.of(upload));
  }

  /** Step: what a completing request is answered. Default: what `onComplete` returned, if anything. */
  protected answerCompletion(
    { upload, response }: CompletedUpload<AbstractChunkedUpload>,
    collectionUrl: string,
  ): unknown {
    return response === undefined ? this.represent(upload, collectionUrl) : response;
  }

  /**
   * Step: where a completed file is to be fetched from instead, such as a signed URL of its store;
   * answered with 302. Default: what the storage says, which is nowhere for most: the file is served
   * here.
   */
  protected redirectDownload(
    upload: AbstractChunkedUpload,
    request: HostRequest,
  ): string | URL | undefined | Promise<string | URL | undefined> {
    const method = incomingOf(request).method === 'HEAD' ? 'HEAD' : 'GET';
    const { headers } = fileResponse(upload, {});
    const contentDisposition = headers['Content-Disposition'] ?? 'attachment';
    const contentType = headers['Content-Type'] ?? 'application/octet-stream';
    const options = { method, contentDisposition, contentType } as const;
    return this.uploads.createDownloadUrl(upload, options).then((url) => url ?? undefined);
  }

  /** The caller, with what the steps say of it. */
  protected async context(request: HostRequest): Promise<UploadContext> {
    const protocol = protocolNameOf(incomingOf(request));
    const caller = { creator: await this.#creator(request), request, protocol };
    return {
      ...caller,
      access: checkedAccess(await this.access(caller)),
      limits: () => this.limits(caller),
    };
  }

  async #creator(request: HostRequest): Promise<string | null> {
    try {
      return creatorOf(await this.user(request));
    } catch (error) {
      if (!(error instanceof UserMistake)) throw error;
      // By us: a host that has filters of its own for what it does not know may say nothing of it.
      this.#log.error(error.message);
      throw new InternalServerErrorException(undefined, { cause: error });
    }
  }
}

// What is not typed may answer anything, and no nonsense may open the uploads of others.
function checkedAccess(access: UploadAccess): UploadAccess {
  const { creators } = Object(access) as { creators?: unknown };
  if (access === 'all' || Array.isArray(creators)) return access;
  throw new TypeError("The step access must answer 'all' or { creators: [...] }");
}
