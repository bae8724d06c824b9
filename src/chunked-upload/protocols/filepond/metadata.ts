import type { FormFields } from '../http/form-fields.js';

/** The name that FilePond's form fields have unless its page says another. */
export const USUAL_NAME = 'filepond';

/**
 * FilePond sends what its page knows of a file (`setMetadata`) as JSON in a field that is named as the
 * file would be: its members count as fields of the form. Returns that JSON; null: there is none.
 */
export function takeMetadata(form: FormFields, names: readonly string[]): string | null {
  for (const name of names) {
    const text = form.has(name) ? form.get(name) : null;
    const metadata = jsonObject(text);
    if (metadata === null) continue;
    form.setAll(metadata);
    return text;
  }
  return null;
}

/** The sum of the file that the metadata says; null: none. */
export function sumIn(metadata: string, algorithm: string): string | null {
  const sum: unknown = Object(jsonObject(metadata))[algorithm];
  return typeof sum === 'string' && sum.trim() !== '' ? sum : null;
}

function jsonObject(text: string | null): object | null {
  if (!text?.trim().startsWith('{')) return null;
  try {
    return JSON.parse(text) as object;
  } catch {
    return null;
  }
}
