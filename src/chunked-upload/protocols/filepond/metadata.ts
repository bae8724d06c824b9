import type { FormFields } from '../http/form-fields.js';

/** The name that FilePond's form fields have unless its page says another. */
export const USUAL_NAME = 'filepond';

/**
 * FilePond sends what its page knows of a file (`setMetadata`) as JSON in a field that is named as the
 * file would be: its members count as fields of the form. Says whether there is such a field.
 */
export function takeMetadata(form: FormFields, names: readonly string[]): boolean {
  let isThere = false;
  for (const name of names) {
    const metadata = jsonObject(form.has(name) ? form.get(name) : null);
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
