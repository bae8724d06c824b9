import { GrowingPage } from '../../memory/growing-page.js';
import { CR, DASH, LF, SPACE, TAB } from './ascii.js';
import { Delimiter } from './delimiter.js';

/** What a form consists of, in the order in which it comes. */
export interface PartReceiver {
  /** So many bytes stand before the first part, or behind the last. */
  skip(length: number): void;
  /** The lines of its headers, as Latin-1, each with its end. */
  begin(header: string): void;
  /** The next bytes of the part; they may share memory with what was given to the parser. */
  content(bytes: Uint8Array): void;
  end(): void;
}

// What Node takes of a request's.
const LONGEST_HEADER = 16 * 1024;
/** So many bytes at a time are looked through for its end: most are shorter. */
const HEADER_STEP = 256;
const EMPTY_LINE = Buffer.from('\r\n\r\n');

/**
 * Splits a multipart body into its parts (RFC 2046, section 5.1.1): with a preamble and an epilogue,
 * blanks behind a boundary, in pieces of any size. Holds nothing but an unfinished header.
 */
export class MultipartParser {
  readonly #delimiter: Delimiter;
  #state: 'content' | 'line' | 'header' | 'epilogue' = 'content';
  /** How many bytes of the delimiter what has come ends with. */
  #matched = 2;
  /** Of these: a line break that is not the part's. The first delimiter needs none before it. */
  #borrowed = 2;
  /** What stands behind a delimiter on its line: nothing yet, a dash, blanks, or its end's CR. */
  #behind: 0 | typeof DASH | typeof SPACE | typeof CR = 0;
  readonly #header = new GrowingPage();
  #isPart = false;

  constructor(
    boundary: string,
    private readonly receiver: PartReceiver,
  ) {
    this.#delimiter = new Delimiter(boundary);
  }

  /** Bytes of memory. */
  get held(): number {
    return this.#header.size;
  }

  /** @throws Error where the form is not well-formed, or the receiver does */
  write(piece: Uint8Array): void {
    const bytes = Buffer.from(piece.buffer, piece.byteOffset, piece.byteLength);
    let at = 0;
    while (at < bytes.length) at = this.#read(bytes, at);
  }

  /** @throws Error where the last boundary is missing */
  end(): void {
    if (this.#state !== 'epilogue') throw new Error('Unexpected end of form');
  }

  #read(bytes: Buffer, at: number): number {
    switch (this.#state) {
      case 'content':
        return this.#matched > 0 ? this.#goOnMatching(bytes, at) : this.#readContent(bytes, at);
      case 'line':
        return this.#readLine(bytes, at);
      case 'header':
        return this.#readHeader(bytes, at);
      case 'epilogue':
        this.receiver.skip(bytes.length - at);
        return bytes.length;
    }
  }

  #readContent(bytes: Buffer, from: number): number {
    const found = this.#delimiter.indexIn(bytes, from);
    if (found >= 0) {
      this.#give(bytes.subarray(from, found));
      this.#state = 'line';
      return found + this.#delimiter.length;
    }
    this.#matched = this.#delimiter.lengthAtEnd(bytes, from);
    this.#give(bytes.subarray(from, bytes.length - this.#matched));
    return bytes.length;
  }

  #goOnMatching(bytes: Buffer, from: number): number {
    let at = from;
    while (at < bytes.length && bytes[at] === this.#delimiter.bytes[this.#matched]) {
      at += 1;
      this.#matched += 1;
      if (this.#matched < this.#delimiter.length) continue;
      this.#matched = 0;
      this.#state = 'line';
      return at;
    }
    // Nor does one begin within what was taken for another.
    if (at < bytes.length) this.#giveBack(this.#matched);
    return at;
  }

  /** The rest of a delimiter's line. What goes on with other letters is another line: content. */
  #readLine(bytes: Buffer, at: number): number {
    const byte = bytes[at];
    const isBlank = byte === SPACE || byte === TAB;
    if (this.#behind === DASH) {
      if (byte !== DASH) return this.#notTheDelimiter(at);
      this.#endPart();
      this.#state = 'epilogue';
    } else if (this.#behind === CR) {
      if (byte !== LF) throw new Error('Malformed boundary');
      this.#endPart();
      this.#state = 'header';
      this.#borrowed = 0;
      // The end of this line: where no header follows, the empty line ends it.
      this.#header.write(EMPTY_LINE.subarray(0, 2));
      this.#behind = 0;
    } else if (byte === CR || isBlank) {
      this.#behind = isBlank ? SPACE : CR;
    } else if (this.#behind === SPACE) {
      throw new Error('Malformed boundary');
    } else if (byte === DASH) {
      this.#behind = DASH;
    } else {
      return this.#notTheDelimiter(at);
    }
    return at + 1;
  }

  #notTheDelimiter(at: number): number {
    const hasDash = this.#behind === DASH;
    this.#behind = 0;
    this.#state = 'content';
    this.#giveBack(this.#delimiter.length);
    if (hasDash) this.#give(Buffer.from('-'));
    return at;
  }

  #readHeader(bytes: Buffer, from: number): number {
    const before = this.#header.length;
    const to = Math.min(bytes.length, from + HEADER_STEP - (before % HEADER_STEP));
    this.#header.write(bytes.subarray(from, to));
    const end = this.#header.bytes.indexOf(EMPTY_LINE, Math.max(0, before - 3));
    if ((end < 0 ? this.#header.length : end) > LONGEST_HEADER) {
      throw new Error('Malformed part header');
    }
    if (end < 0) return to;
    // A text of its own: parts of one that went on would keep all of that alive.
    const header = this.#header.bytes.toString('latin1', 2, end + 2);
    this.#header.clear();
    this.#state = 'content';
    // Of a part without a body the empty line is that of the next boundary.
    this.#matched = 2;
    this.#borrowed = 2;
    this.#isPart = true;
    this.receiver.begin(header);
    return from + end + 4 - before;
  }

  #endPart(): void {
    if (this.#isPart) this.receiver.end();
    this.#isPart = false;
  }

  /** The first bytes of the delimiter, which were none. */
  #giveBack(length: number): void {
    this.#matched = 0;
    // A copy: they are the receiver's from here on.
    this.#give(Buffer.from(this.#delimiter.bytes.subarray(this.#borrowed, length)));
    this.#borrowed = 0;
  }

  #give(bytes: Uint8Array): void {
    if (bytes.length === 0) return;
    if (this.#isPart) this.receiver.content(bytes);
    else this.receiver.skip(bytes.length);
  }
}
