import { discardRest } from './discard-rest.js';
import type { FormFields } from './form-fields.js';
import { type HostRequest, incomingOf } from './host-request.js';
import type { ReceivedFile } from './received-file.js';
import { readRequestBody } from './request-body.js';

/** Reads a request up to its file, for `work`, which may refuse it before all of it has come. */
export async function withRequestBody<R>(
  request: HostRequest,
  fieldName: string,
  fields: FormFields,
  work: (file: ReceivedFile | null) => Promise<R>,
): Promise<R> {
  let file: ReceivedFile | null = null;
  try {
    file = await readRequestBody(request, fieldName, fields);
    return await work(file);
  } catch (error) {
    // Nobody stores these bytes any more: they must not hold back the rest of the request.
    file?.body.close();
    discardRest(incomingOf(request));
    throw error;
  } finally {
    // Also where nobody has read it, or it had come whole before it was refused: it holds memory.
    file?.body.close();
    fields.close();
  }
}
