import { ChunkedUploadError } from '../../chunked-upload.errors.js';
import type { FormAccount } from '../../memory/form-memory.js';
import type { Intake } from '../../memory/memory-account.js';
import { processForms } from '../../memory/process-memory.js';
import { textSize } from '../../memory/text-size.js';

/** Bytes of memory that a field costs besides its letters. */
const FIELD_COST = 128;

/**
 * What a request says besides its bytes: the query string, and over it the fields of the form,
 * which may still grow while the file is read. Of a repeated name the last value counts. The form
 * counts in the memory of the process until it is closed.
 */
export class FormFields {
  readonly #form = new Map<string, string>();
  readonly #late = new Set<string>();
  #otherFile: string | null = null;
  #memory: FormAccount | null = null;
  /** Bytes of memory that its fields cost. */
  #kept = 0;
  /** The same of what is no field yet. */
  #parsing = 0;
  #fileBegun = false;
  #ended = false;

  constructor(private readonly query: URLSearchParams) {}

  /** Null: the field was not sent. */
  get(name: string): string | null {
    return this.#form.get(name) ?? this.query.getAll(name).at(-1) ?? null;
  }

  /** As `get`; a blank one was not sent, as in a form that has been left empty. */
  getFilled(name: string): string | null {
    const text = this.get(name);
    return text?.trim() ? text : null;
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
    this.#kept += textSize(name) + textSize(value) + FIELD_COST;
    this.#form.set(name, value);
    if (this.#fileBegun) this.#late.add(name);
  }

  /** Takes a form that a parser has made an object of; values that are none are passed over. */
  setAll(form: object): void {
    for (const [name, value] of Object.entries(form)) {
      const last: unknown = Array.isArray(value) ? value.at(-1) : value;
      if (typeof last === 'string') this.set(name, last);
      else if (typeof last === 'number' || typeof last === 'boolean') this.set(name, String(last));
    }
    this.hold(this.#parsing);
  }

  /**
   * A form comes from `source`, which has to wait where memory is short. `giveUp` is called at most
   * once, where other forms need the memory.
   */
  open(source: Intake, giveUp: () => void): void {
    this.#memory = processForms.open(giveUp);
    this.#memory.attach(source);
  }

  /** More of the form has come: its parser holds so many bytes of memory besides the fields. */
  hold(parsing: number): void {
    this.#parsing = parsing;
    this.#memory?.hold(this.#kept + parsing);
  }

  /** The form has a file in a part that is not asked for. */
  passOver(name: string): void {
    this.#otherFile ??= name;
  }

  /** Name of the first part so far whose file nobody asks for; null: there is none. */
  get otherFile(): string | null {
    return this.#otherFile;
  }

  beginFile(): void {
    this.#fileBegun = true;
    // From here on the file's body sees to it that the source waits.
    this.#memory?.detach();
  }

  end(): void {
    this.#ended = true;
    this.#memory?.whole();
  }

  /** The request is over, and the form not asked any more. */
  close(): void {
    this.#memory?.close();
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
