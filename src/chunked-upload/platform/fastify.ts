import type { IncomingHttpHeaders, IncomingMessage, ServerResponse } from 'node:http';
import { SetMetadata } from '@nestjs/common';

// What Nest hands to Fastify as the route's `config`: that of `@RouteConfig()`.
const ROUTE_CONFIG = '__fastify_route_config__';
const READS_BODY = 'chunkedUploadReadsBody';
const IS_OURS = 'chunkedUploadRoute';
const SERVES_FILE = 'chunkedUploadServesFile';

const FORMS = ['application/json', 'application/x-www-form-urlencoded'];

// What is used of Fastify, which is not imported: most hosts run without it.
interface FastifyRequest {
  /** As the host sees them; settable. */
  headers: IncomingHttpHeaders;
  readonly raw: IncomingMessage;
  readonly routeOptions: { readonly config?: object };
}

interface FastifyReply {
  readonly raw: ServerResponse;
  hijack(): unknown;
}

type Done = () => void;

export interface FastifyInstance {
  hasContentTypeParser(type: string): boolean;
  routing(incoming: IncomingMessage, outgoing: ServerResponse): void;
  addHook(
    name: 'onRequest',
    hook: (request: FastifyRequest, reply: FastifyReply, done: Done) => void,
  ): unknown;
  addHook(
    name: 'preParsing',
    hook: (request: FastifyRequest, reply: unknown, payload: unknown, done: Done) => void,
  ): unknown;
  addHook(
    name: 'preValidation',
    hook: (request: FastifyRequest, reply: unknown, done: Done) => void,
  ): unknown;
  addHook(
    name: 'onSend',
    hook: (request: FastifyRequest, reply: FastifyReply, payload: unknown, done: Done) => void,
  ): unknown;
}

/** A route whose body is left unread on Fastify, as it is on Express. */
export const ReadsBody = (): MethodDecorator => SetMetadata(ROUTE_CONFIG, { [READS_BODY]: true });

/**
 * Notes on the handler of a route, besides what a host has noted there, that it is one of uploads, and
 * of which controller.
 */
export function markRoute(handler: object, controller: object): void {
  const config = Reflect.getMetadata(ROUTE_CONFIG, handler) as object | undefined;
  Reflect.defineMetadata(ROUTE_CONFIG, { ...config, [IS_OURS]: controller }, handler);
}

/**
 * Routes requests of these controllers anew that mean another method than they have: by then Fastify has
 * chosen a route. Hooks of the host that came before this one are run once more, for the other route.
 */
export function rerouteAs(
  fastify: FastifyInstance,
  controllers: readonly object[],
  methodOf: (incoming: IncomingMessage) => string | null,
): void {
  fastify.addHook('onRequest', ({ raw, routeOptions }, reply, done) => {
    const { [IS_OURS]: controller } = (routeOptions.config ?? {}) as { [IS_OURS]?: object };
    const isOurs = controller !== undefined && controllers.includes(controller);
    const method = isOurs ? methodOf(raw) : null;
    if (method === null) {
      done();
      return;
    }
    raw.method = method;
    reply.hijack();
    fastify.routing(raw, reply.raw);
  });
}

/** Calls `prepare` before an upload route is answered, whoever answers it: a hook of the host, too. */
export function beforeAnswer(
  fastify: FastifyInstance,
  prepare: (incoming: IncomingMessage, outgoing: ServerResponse) => void,
): void {
  fastify.addHook('onSend', (request, reply, _payload, done) => {
    if (isMarked(request, IS_OURS)) prepare(request.raw, reply.raw);
    done();
  });
}

/** A route whose answer is to be sent as it is. */
export const ServesFile = (): MethodDecorator => SetMetadata(ROUTE_CONFIG, { [SERVES_FILE]: true });

/**
 * Makes Fastify leave the bodies of upload routes unread. It has no parser for them, answers what it
 * has no parser for by a 415, and a parser of ours could not be confined to a route. So while it
 * looks for a parser, such a request seems to it to have no body; Node's own request stays as it is.
 * Forms go to the host's parser where there is one, and something to parse: it refuses an empty one.
 */
export function leaveBodiesUnread(fastify: FastifyInstance): void {
  const hidden = new WeakMap<FastifyRequest, IncomingHttpHeaders>();
  fastify.addHook('preParsing', (request, _reply, _payload, done) => {
    const { headers } = request;
    if (isMarked(request, READS_BODY) && !isParsedForm(fastify, headers)) {
      hidden.set(request, headers);
      request.headers = {
        ...headers,
        'content-type': undefined,
        'content-length': undefined,
        'transfer-encoding': undefined,
      };
    }
    done();
  });
  fastify.addHook('preValidation', (request, _reply, done) => {
    const headers = hidden.get(request);
    if (headers) request.headers = headers;
    done();
  });
}

/**
 * Makes `@fastify/compress` leave files as they are: it does not know `no-transform`, but a header by
 * which a client can ask it not to compress.
 */
export function leaveFilesUncompressed(fastify: FastifyInstance): void {
  fastify.addHook('onSend', (request, _reply, _payload, done) => {
    if (isMarked(request, SERVES_FILE)) {
      request.headers = { ...request.headers, 'x-no-compression': 'true' };
    }
    done();
  });
}

function isMarked({ routeOptions }: FastifyRequest, mark: string): boolean {
  return mark in (routeOptions.config ?? {});
}

function isParsedForm(fastify: FastifyInstance, headers: IncomingHttpHeaders): boolean {
  const type = headers['content-type']?.split(';')[0]?.trim().toLowerCase() ?? '';
  const hasBody = Number(headers['content-length'] ?? 0) > 0;
  return hasBody && FORMS.includes(type) && fastify.hasContentTypeParser(type);
}
