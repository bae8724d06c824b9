import { recognise } from './lost-upload.js';
import { ownUploads } from './own-uploads.js';
import { type Listing } from './remote-uploads.js';
import { type Representation } from './representation.js';
import { type Fingerprint, type UploadMemory } from './upload-memory.js';

/** A first chunk whose answer, and with it the id of its upload, has not come. */
export class UnansweredBegin {
  /** When it was first sent (milliseconds since 1970); `null`: none is unanswered. */
  private sentAt: number | null = null;
  /** The most bytes that it had. */
  private most = 0;

  constructor(
    private readonly fingerprint: Fingerprint,
    private readonly memory: UploadMemory,
  ) {}

  get isOpen(): boolean {
    return this.sentAt !== null;
  }

  /** One of so many bytes is about to be sent. */
  sending(bytes: number): void {
    this.most = Math.max(this.most, bytes);
    if (this.sentAt !== null) return;
    this.sentAt = Date.now();
    ownUploads.begin(this.fingerprint);
  }

  /** Its id is known, or nobody needs it any more. */
  settle(): void {
    if (this.sentAt !== null) ownUploads.settle(this.fingerprint);
    this.sentAt = null;
    this.most = 0;
  }

  /** The upload that it has begun, of those on the server; `null` where nobody can tell. */
  foundIn(listing: Listing): Representation | null {
    if (this.sentAt === null) return null;
    const { fileName, size } = this.fingerprint;
    const lost = { fileName, total: size, most: this.most, begunAt: this.sentAt };
    const upload = recognise(lost, listing);
    if (!upload || ownUploads.isDoubtful(upload.id, this.fingerprint)) return null;
    // What is remembered is that of another file, maybe in another window.
    return this.memory.list().some(({ id }) => id === upload.id) ? null : upload;
  }
}
