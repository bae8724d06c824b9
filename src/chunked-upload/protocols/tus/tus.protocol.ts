import { ChunkedUploadError } from '../../chunked-upload.errors.js';
import { incomingOf } from '../http/host-request.js';
import type { UploadProtocol } from '../http/upload-protocol.js';
import { tusRefusal } from './refusal.js';
import { Tus, tusOptions } from './tus.js';
import { filled, parseMetadata } from './upload-metadata.js';
import { isTus, overridingMethod, requireMethod, requireVersion } from './tus-request.js';
import { describeTus } from './tus.openapi.js';

const METHODS = new Set(['POST', 'HEAD', 'PATCH', 'DELETE']);

export const tus: UploadProtocol = {
  name: 'tus',

  isSpokenBy: (incoming) => METHODS.has(incoming.method ?? '') && isTus(incoming),

  methodOf: overridingMethod,

  describe: describeTus,

  async answer(steps, { request, response, id }) {
    const incoming = incomingOf(request);
    requireVersion(incoming);
    requireMethod(incoming);
    const protocol = new Tus(steps, request, response);
    const { method } = incoming;
    if (id === null && method === 'POST') return protocol.create();
    if (id !== null && method === 'HEAD') return protocol.head(id);
    if (id !== null && method === 'PATCH') return protocol.append(id);
    if (id !== null && method === 'DELETE') return protocol.remove(id);
    throw ChunkedUploadError.malformedRequest(
      id === null
        ? 'tus creates an upload with POST. All other requests need its id in the path.'
        : `tus allows HEAD, PATCH and DELETE on an upload, not ${method}`,
    );
  },

  sumIn: (metadata, algorithm) => filled(parseMetadata(metadata), algorithm),

  options: tusOptions,

  refuse: tusRefusal,
};
