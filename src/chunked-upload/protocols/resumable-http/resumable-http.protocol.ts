import type { IncomingMessage } from 'node:http';
import { incomingOf } from '../http/host-request.js';
import type { UploadProtocol } from '../http/upload-protocol.js';
import { announced, unmarkedState } from './exchange.js';
import { interopVersion } from './interop-version.js';
import { refusalOf } from './refusal.js';
import { reprSum } from './repr-digest.js';
import { ResumableHttp } from './resumable-http.js';
import { uploadRequest } from './upload-request.js';
import { describeResumableHttp } from './resumable-http.openapi.js';

const CREATES = new Set(['POST', 'PUT']);
const ASKS = new Set(['HEAD', 'PATCH', 'DELETE']);

export const resumableHttp: UploadProtocol = {
  name: 'resumable-http',

  isSpokenBy(incoming, id) {
    const method = incoming.method ?? '';
    if (id !== null) return ASKS.has(method) && isMarked(incoming);
    // A field that is wrong is to be passed over: such a request is of another protocol, or of none.
    return CREATES.has(method) && isMarked(incoming) && uploadRequest(incoming).complete !== null;
  },

  describe: describeResumableHttp,

  async answer(steps, { request, response, id }) {
    const protocol = new ResumableHttp(steps);
    if (id === null) return protocol.create(request, response);
    switch (incomingOf(request).method) {
      case 'HEAD':
        return protocol.head(request, response, id);
      case 'DELETE':
        return protocol.remove(request, response, id);
      default:
        return protocol.append(request, response, id);
    }
  },

  sumIn: reprSum,

  options: announced,

  headFields: unmarkedState,

  refuse: refusalOf,
};

function isMarked(incoming: IncomingMessage): boolean {
  return interopVersion(incoming) !== null || incoming.headers['upload-complete'] !== undefined;
}
