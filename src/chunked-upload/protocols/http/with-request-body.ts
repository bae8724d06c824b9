import type { FormFields } from './form-fields.js';
import type { HostRequest } from './host-request.js';
import type { ReceivedFile } from './received-file.js';
import { readRequestBody } from './request-body.js';

/** Reads a request up to its file, for `work`, which may refuse it before all of it has come. */
export async function withRequestBody<R>(
  request: HostRequest,
  /** Names that its part in a form may have. */
  fileNames: string | readonly string[],
  fields: FormFields,
  work: (file: ReceivedFile | null) => Promise<R>,
): Promise<R> {
  let file: ReceivedFile | null = null;
  try {
    file = await readRequestBody(request, fileNames, fields);
    return await work(file);
  } finally {
    // Also where it was refused, or nobody has read it: it holds memory, and holds back the rest of
    // the request, which is read after the answer.
    file?.body.close();
    fields.close();
  }
}
