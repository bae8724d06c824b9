import type { IncomingHttpHeaders } from 'node:http';
import { incomingOf, queryOf } from '../http/host-request.js';
import type { UploadProtocol } from '../http/upload-protocol.js';
import { FilePond } from './filepond.js';
import { USUAL_NAME, sumIn } from './metadata.js';
import { idInQuery } from './upload-id.js';
import { describeFilePond } from './filepond.openapi.js';

/** Its form, or what is left of it where its page sends no metadata. */
function isForm({ 'content-type': type = '', 'content-length': length }: IncomingHttpHeaders) {
  return /^multipart\//i.test(type) || (type === '' && !Number(length));
}

export const filePond: UploadProtocol = {
  name: 'filepond',

  isSpokenBy(incoming, id) {
    const { headers } = incoming;
    const type = headers['content-type'] ?? '';
    switch (incoming.method) {
      case 'PATCH':
        return headers['upload-offset'] !== undefined;
      case 'POST':
        return id === null && headers['upload-length'] !== undefined && isForm(headers);
      case 'HEAD':
        return id === null && idInQuery(queryOf(incoming)) !== null;
      case 'DELETE':
        // Its body is the id; one of our own would be in the path, in the query or in a form.
        return id === null && /^text\/plain\b/i.test(type);
      default:
        return false;
    }
  },

  describe: describeFilePond,

  async answer(steps, { request, response, id }) {
    const protocol = new FilePond(steps);
    switch (incomingOf(request).method) {
      case 'PATCH':
        return protocol.append(request, response, id);
      case 'HEAD':
        return protocol.head(request, response, id);
      case 'DELETE':
        return protocol.remove(request, response);
      default:
        return protocol.create(request, response);
    }
  },

  fileNames: [USUAL_NAME],

  sumIn,

  async takeForm(steps, { form, file, response, context }) {
    return new FilePond(steps).takeForm(form, file, response, context);
  },
};
