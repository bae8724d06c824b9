import { ChunkedUploadError } from '../../chunked-upload.errors.js';

/**
 * What a request says besides its bytes: the query string, and over it the fields of the form,
 * which may still grow while the file is read. Of a repeated name the last value counts.
 */
export class FormFields {
  readonly #form = new Map<string, string>();
  readonly #late = new Set<string>();
  #fileBegun = false;
  #ended = false;

  constructor(private readonly query: URLSearchParams) {}

  /** Null: the field was not sent. */
  get(name: string): string | null {
    return this.#form.get(name) ?? this.query.getAll(name).at(-1) ?? null;
  }

  /** All of it by name, the form over the query string. */
  all(): Record<string, string> {
    return Object.fromEntries([...this.query, ...this.#form]);
  }

  /** Whether the form itself has said it so far. */
  has(name: string): boolean {
    return this.#form.has(name);
  }

  set(name: string, value: string): void {
    this.#form.set(name, value);
    if (this.#fileBegun) this.#late.add(name);
  }

  /** Takes a form that a parser has made an object of; values that are none are passed over. */
  setAll(form: object): void {
    for (const [name, value] of Object.entries(form)) {
      const last: unknown = Array.isArray(value) ? value.at(-1) : value;
      if (typeof last === 'string') this.set(name, last);
      else if (typeof last === 'number') this.set(name, String(last));
    }
  }

  beginFile(): void {
    this.#fileBegun = true;
  }

  end(): void {
    this.#ended = true;
  }

  /** Whether fields may come that have not been read yet. */
  get mayGrow(): boolean {
    return this.#fileBegun && !this.#ended;
  }

  /** Whether a field came only after the file had begun. */
  isLate(name: string): boolean {
    return this.#late.has(name);
  }

  /** A size in bytes. @throws ChunkedUploadError `invalid_field` */
  getSize(name: string): number | null {
    const text = this.get(name);
    if (text === null) return null;
    const size = /^\d{1,16}$/.test(text.trim()) ? Number(text) : Number.NaN;
    if (Number.isSafeInteger(size)) return size;
    throw ChunkedUploadError.invalidField(name, 'A valid size in bytes is required.');
  }
}
