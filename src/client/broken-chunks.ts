import { readBytes } from './file-bytes.js';

/** Bytes of a chunk that is read into memory before it is sent. */
const MOST_READ = 16 * 1024 * 1024;

/**
 * Remembers which chunks broke off. A page is not told why: a proxy may refuse a size and say so to its own
 * origin only, and browsers of Android cannot send some files of other apps, although they can read them.
 */
export class BrokenChunks {
  /** Where the chunk ends that is on its way; `null`: another request is, or none. */
  private end: number | null = null;
  /** Where a chunk began that broke off without a byte of it arriving. */
  private place: number | null = null;

  sending(end: number): void {
    this.end = end;
  }

  /** No chunk is on its way. */
  rest(): void {
    this.end = null;
  }

  /**
   * A request broke off.
   *
   * @param offset where the server stands
   * @returns the bytes of the chunk, if two broke off here, although the requests between got through; or 0
   */
  broke(offset: number): number {
    if (this.end === null) return 0;
    const isAgain = this.place === offset;
    this.place = offset;
    return isAgain ? this.end - offset : 0;
  }

  /** @throws UploadError `unreadable` */
  async body(file: Blob, begin: number, end: number): Promise<Blob> {
    const isRead = this.place === begin && end - begin <= MOST_READ;
    return isRead ? new Blob([await readBytes(file, begin, end)]) : file.slice(begin, end);
  }
}
