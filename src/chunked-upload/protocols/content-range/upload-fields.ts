import { ChunkedUploadError } from '../../chunked-upload.errors.js';
import type { UploadFields } from '../../chunked-upload.inputs.js';
import { checkFilename } from './filename.js';
import type { FormFields } from './form-fields.js';
import type { ReceivedFile } from './request-body.js';

/** What a new upload's row takes from the request, as far as it has been read when it is asked. */
export function uploadFields(
  form: FormFields,
  file: ReceivedFile,
): { fields: () => UploadFields; clientName: string } {
  const fields = (): UploadFields => {
    if (form.isLate('upload_id')) {
      throw ChunkedUploadError.invalidField(
        'upload_id',
        'This field must come before the file, or in the query string.',
      );
    }
    if (file.name !== null) checkFilename(file.name);
    const filename = checkFilename(form.get('filename') ?? file.name);
    refuseOwner(form);
    return { filename };
  };
  return { fields, clientName: file.name ?? form.get('filename') ?? '' };
}

// No upload type takes owners yet: one that is asked for is refused rather than dropped in silence.
function refuseOwner(form: FormFields): void {
  for (const field of ['owner_type', 'owner_id']) {
    if (form.get(field)) {
      throw ChunkedUploadError.invalidField(field, 'This upload type does not take owners.');
    }
  }
}
