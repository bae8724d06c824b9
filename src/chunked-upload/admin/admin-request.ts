import { ForbiddenException } from '@nestjs/common';
import { ChunkedUploadError } from '../chunked-upload.errors.js';
import { type HostRequest, incomingOf } from '../protocols/http/host-request.js';
import { readSmallBody } from '../protocols/http/small-body.js';

const LONGEST_BODY = 1024 * 1024;

/**
 * The JSON of a request that changes something. Another site's page could make the browser of
 * somebody who is logged in send a form, but not this content type; and where the browser says that
 * another site asks, it is refused even if the host's CORS would let it.
 *
 * @throws ForbiddenException, ChunkedUploadError
 */
export async function readMutation(request: HostRequest): Promise<Record<string, unknown>> {
  const incoming = incomingOf(request);
  if (isOfOtherSite(request)) {
    throw new ForbiddenException({ detail: 'Requests from other sites are not allowed' });
  }
  const type = incoming.headers['content-type']?.split(';')[0]?.trim().toLowerCase();
  if (type !== 'application/json') {
    throw ChunkedUploadError.unsupportedBody('The body must be application/json');
  }
  const { body } = request;
  if (Buffer.isBuffer(body)) return asObject(body.toString());
  if (incoming.readableDidRead) return asObject(body);
  return asObject((await readSmallBody(incoming, LONGEST_BODY)).toString());
}

function isOfOtherSite(request: HostRequest): boolean {
  const { headers } = incomingOf(request);
  // It decides where it is there: of a proxy that rewrites Host, `Origin` is always another one.
  const site = headers['sec-fetch-site'];
  if (site !== undefined) return site !== 'same-origin' && site !== 'none';
  // Browsers send that header to trustworthy hosts alone, and this one to all; scripts send none.
  const { origin } = headers;
  if (origin === undefined) return false;
  return !URL.canParse(origin) || new URL(origin).host !== (request.host ?? headers.host);
}

function asObject(body: unknown): Record<string, unknown> {
  let value = body;
  if (typeof body === 'string') {
    try {
      value = JSON.parse(body);
    } catch (error) {
      throw ChunkedUploadError.malformedRequest('The body is not valid JSON', error);
    }
  }
  if (typeof value === 'object' && value !== null && !Array.isArray(value)) {
    return value as Record<string, unknown>;
  }
  throw ChunkedUploadError.malformedRequest('The body must be a JSON object');
}
