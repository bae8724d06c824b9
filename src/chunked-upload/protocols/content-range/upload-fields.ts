import { ChunkedUploadError } from '../../chunked-upload.errors.js';
import type { UploadFields } from '../../chunked-upload.inputs.js';
import { checkFilename, refuseDots } from './filename.js';
import type { FormFields } from './form-fields.js';
import type { ReceivedFile } from './request-body.js';

const LONGEST_WAIT_MS = 2000;

/** What a new upload's row takes from the request, as far as it has been read when it is asked. */
export function uploadFields(
  form: FormFields,
  file: ReceivedFile,
): { fields: () => UploadFields; clientName: string } {
  const fields = (): UploadFields => {
    refuseLateId(form);
    refuseDots(file.name?.trim() ?? '');
    refuseOwner(form);
    const given = form.get('filename') ?? file.name;
    // A part without a name may be followed by the field; asked again at the end of the form.
    if (given === null && form.mayGrow) return { filename: '' };
    return { filename: checkFilename(given) };
  };
  return { fields, clientName: file.name ?? form.get('filename') ?? '' };
}

/** The upload that the request names outside of its path; null: none. */
export function namedUpload(form: FormFields): string | null {
  // How much of the form has been read by now is chance: what comes after the file never counts.
  refuseLateId(form);
  return form.get('upload_id');
}

/** Reads a form to its end, to tell its sender that a late `upload_id` is what is wrong with it. */
export async function awaitLateId(form: FormFields, { body }: ReceivedFile): Promise<void> {
  if (!form.mayGrow) return;
  const giveUp = AbortSignal.timeout(LONGEST_WAIT_MS);
  giveUp.addEventListener('abort', () => body.fail(ChunkedUploadError.noChunk()));
  try {
    while (await body.read());
  } catch {
    // Whatever is wrong with the rest of it, the form is refused anyway.
  }
  refuseLateId(form);
}

function refuseLateId(form: FormFields): void {
  if (!form.isLate('upload_id')) return;
  const sentence = 'This field must come before the file, or in the query string.';
  throw ChunkedUploadError.invalidField('upload_id', sentence);
}

// No upload type takes owners yet: one that is asked for is refused rather than dropped in silence.
function refuseOwner(form: FormFields): void {
  for (const field of ['owner_type', 'owner_id']) {
    if (form.get(field)) {
      throw ChunkedUploadError.invalidField(field, 'This upload type does not take owners.');
    }
  }
}
