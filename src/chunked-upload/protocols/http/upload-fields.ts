import { ChunkedUploadError } from '../../chunked-upload.errors.js';
import type { NewUploadInput, UploadFields } from '../../chunked-upload.inputs.js';
import { checkFilename, refuseDots } from '../../filename.js';
import type { FormFields } from './form-fields.js';
import type { ReceivedFile } from './received-file.js';

const LONGEST_WAIT_MS = 2000;

/** What a new upload's row takes from the request, as far as it has been read when it is asked. */
export function uploadFields(
  form: FormFields,
  file: Pick<ReceivedFile, 'name' | 'isPart'>,
): NewUploadInput {
  const fields = (atEnd: boolean): UploadFields | null => {
    refuseLateId(form);
    refuseDots(file.name?.trim() ?? '');
    // After the file a form may say another name, and anything else.
    if (form.mayGrow && !atEnd) return null;
    const filename = checkFilename(form.get('filename') ?? file.name);
    return { ...form.all(), filename, ...ownerOf(form) };
  };
  const named = form.get('filename');
  const clientName = file.isPart ? (file.name ?? named) : (named ?? file.name);
  return { fields, clientName: clientName ?? '' };
}

/** Both or none; blank is none, as in a form that has been left empty. */
export function ownerOf(form: FormFields): Pick<UploadFields, 'ownerType' | 'ownerId'> {
  const ownerType = form.getFilled('owner_type');
  const ownerId = form.getFilled('owner_id');
  return { ownerType, ownerId };
}

/** The upload that the request names outside of its path; null: none. */
export function namedUpload(form: FormFields): string | null {
  // How much of the form has been read by now is chance: what comes after the file never counts.
  refuseLateId(form);
  return form.getFilled('upload_id');
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

/** @throws ChunkedUploadError for an upload that is named after the file */
export function refuseLateId(form: FormFields): void {
  if (!form.isLate('upload_id') || form.getFilled('upload_id') === null) return;
  const sentence = 'This field must come before the file, or in the query string.';
  throw ChunkedUploadError.invalidField('upload_id', sentence);
}
