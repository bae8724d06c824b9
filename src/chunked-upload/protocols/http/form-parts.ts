import { ChunkedUploadError } from '../../chunked-upload.errors.js';
import { GrowingPage } from '../../memory/growing-page.js';
import { fieldText } from './charset.js';
import { type FormPart, parsePart } from './form-part.js';
import type { PartReceiver } from './multipart-parser.js';
import { CHARSET_FIELD } from './urlencoded.js';

const MOST_PARTS = 200;
const MOST_FIELDS = 100;
/** Bytes of one field's value. */
const LONGEST_FIELD = 64 * 1024;
/** Of a form without its files: values, headers, and what belongs to no part. */
const LONGEST_FIELDS = 512 * 1024;

/** What is wanted of a form. */
export interface FormListener {
  field(name: string, value: string): void;
  /** The file begins. `name`: null if it has none. */
  file(name: string | null): void;
  fileBytes(bytes: Uint8Array): void;
  /** A file of another name, which is passed over. */
  otherFile(name: string): void;
}

/** Makes fields and one file, of one of the `fileNames`, of a form's parts, within limits. */
export class FormParts implements PartReceiver {
  #parts = 0;
  #fields = 0;
  #hasFile = false;
  /** What the field `_charset_` has said (RFC 7578, section 4.6). */
  #charset: string | null = null;
  /** The part whose bytes come now; null: between parts, or one that is passed over. */
  #part: FormPart | null = null;
  /** Whether it is the file, and has begun for the listener. */
  #isOpen = false;
  /** Of the field that comes now. */
  readonly #value = new GrowingPage();
  /** Bytes of headers and values so far. */
  #length = 0;
  /** Of these those of headers. */
  #headers = 0;

  constructor(
    private readonly fileNames: readonly string[],
    private readonly listener: FormListener,
  ) {}

  /** Bytes of memory: of an unfinished field, and of headers, of which names are parts. */
  get held(): number {
    return this.#headers + this.#value.size;
  }

  /** They count, too: nobody needs many of them, and there may be no end of them. */
  skip(length: number): void {
    this.#count(length);
  }

  begin(header: string): void {
    this.#parts += 1;
    if (this.#parts > MOST_PARTS) throw wrong(`The form has too many parts: at most ${MOST_PARTS}`);
    this.#count(header.length);
    this.#headers += header.length;
    this.#part = parsePart(header, this.#charset);
    if (!this.#part) return;
    if (!this.#part.isFile) {
      this.#fields += 1;
      if (this.#fields > MOST_FIELDS)
        throw wrong(`The form has too many fields: at most ${MOST_FIELDS}`);
    } else if (this.#part.filename !== '') {
      this.#openFile(this.#part);
    }
  }

  content(bytes: Uint8Array): void {
    if (!this.#part) {
      this.skip(bytes.length);
      return;
    }
    if (this.#part.isFile) {
      // Without a name it is a file only if it has bytes: a browser sends an input left empty so.
      this.#openFile(this.#part);
      if (this.#isOpen) this.listener.fileBytes(bytes);
      return;
    }
    if (this.#value.length + bytes.length >= LONGEST_FIELD) {
      const { name } = this.#part;
      throw wrong(`The field "${name}" of the form is too long: at most ${LONGEST_FIELD} bytes`);
    }
    this.#count(bytes.length);
    this.#value.write(bytes);
  }

  end(): void {
    if (this.#part && !this.#part.isFile) this.#endField(this.#part);
    this.#part = null;
    this.#isOpen = false;
  }

  #openFile({ name, filename }: FormPart): void {
    if (this.#isOpen) return;
    if (!this.fileNames.includes(name)) {
      this.listener.otherFile(name);
      return;
    }
    if (this.#hasFile) throw wrong(`Only one "${name}" can be sent in a request`);
    this.#hasFile = true;
    this.#isOpen = true;
    this.listener.file(filename === '' ? null : filename);
  }

  #endField({ name, charset }: FormPart): void {
    const value = fieldText(name, this.#value.bytes, charset ?? this.#charset);
    this.#value.clear();
    if (name === CHARSET_FIELD) this.#charset = value || null;
    this.listener.field(name, value);
  }

  #count(bytes: number): void {
    this.#length += bytes;
    if (this.#length > LONGEST_FIELDS) {
      throw wrong(`The fields of the form are too long: at most ${LONGEST_FIELDS} bytes`);
    }
  }
}

function wrong(detail: string): ChunkedUploadError {
  return ChunkedUploadError.malformedRequest(detail);
}
