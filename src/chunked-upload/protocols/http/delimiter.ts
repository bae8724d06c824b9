import { CR, DASH, SPACE, TAB } from './ascii.js';

/** How far to look byte by byte behind a line that only begins as a delimiter does. */
const NEAR = 64;

/**
 * What stands in front of each part of a multipart body: a line break, two dashes and the boundary
 * (RFC 2046, section 5.1.1). It has a CR at its beginning and nowhere else, so that none begins
 * within what begins as one.
 */
export class Delimiter {
  readonly bytes: Buffer;

  constructor(boundary: string) {
    this.bytes = Buffer.from(`\r\n--${boundary}`, 'latin1');
  }

  get length(): number {
    return this.bytes.length;
  }

  /**
   * Where the next one begins; -1: there is none. It may turn out to be another line where the bytes
   * end behind it.
   */
  indexIn(bytes: Buffer, from: number): number {
    let at = bytes.indexOf(this.bytes, from);
    while (at >= 0 && isOtherLine(bytes, at + this.length)) {
      // To call `indexOf` costs more than to look at a few bytes, and there may be a lot of these.
      const behind = at + this.length;
      const far = Math.min(bytes.length, behind + NEAR);
      at = this.#indexNear(bytes, behind, far);
      if (at < 0) at = bytes.indexOf(this.bytes, far);
    }
    return at;
  }

  /** How much of it the bytes, from there on, end with. */
  lengthAtEnd(bytes: Buffer, from: number): number {
    const far = Math.max(from, bytes.length - this.length + 1);
    for (let at = far; at < bytes.length; at += 1) {
      const length = bytes.length - at;
      if (bytes[at] === CR && this.#lengthAt(bytes, at) === length) return length;
    }
    return 0;
  }

  /** As `indexOf`, of one that begins before `far`. */
  #indexNear(bytes: Buffer, from: number, far: number): number {
    for (let at = from; at < far; at += 1) {
      if (bytes[at] === CR && this.#lengthAt(bytes, at) === this.length) return at;
    }
    return -1;
  }

  /** How much of it stands there. */
  #lengthAt(bytes: Buffer, at: number): number {
    let length = 0;
    while (length < this.length && bytes[at + length] === this.bytes[length]) length += 1;
    return length;
  }
}

/** Whether what stands behind a boundary's letters goes on with others. */
function isOtherLine(bytes: Buffer, at: number): boolean {
  const byte = bytes[at];
  if (byte === undefined || byte === CR || byte === SPACE || byte === TAB) return false;
  if (byte !== DASH) return true;
  const next = bytes[at + 1];
  return next !== undefined && next !== DASH;
}
