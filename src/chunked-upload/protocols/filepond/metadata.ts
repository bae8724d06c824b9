import type { FormFields } from '../http/form-fields.js';

/** The name that FilePond's form fields have unless its page says another. */
export const USUAL_NAME = 'filepond';

/**
 * FilePond sends what its page knows of a file (`setMetadata`) as JSON in a field that is named as the
 * file would be: its members count as fields of the form. Says whether there is such a field.
 */
export function takeMetadata(form: FormFields, fieldName: string): boolean {
  const texts = [fieldName, USUAL_NAME].map((name) => form.get(name));
  let isThere = false;
  for (const text of texts) {
    const metadata = jsonObject(text);
    if (metadata === null) continue;
    isThere = true;
    form.setAll(metadata);
  }
  return isThere;
}

function jsonObject(text: string | null): object | null {
  if (!text?.trim().startsWith('{')) return null;
  try {
    return JSON.parse(text) as object;
  } catch {
    return null;
  }
}
