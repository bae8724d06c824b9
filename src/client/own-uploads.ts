/** A file as a server's list shows it. */
interface ListedFile {
  /** Where it is sent. */
  readonly endpoint: string;
  readonly fileName: string;
  /** Bytes. */
  readonly size: number;
}

/**
 * What the transfers of this page have on servers. Files of different folders may have the same name and the
 * same size, and a list does not tell them apart.
 */
export class OwnUploads {
  private readonly ids = new Set<string>();
  /** How many transfers of such a file do not know their id yet. */
  private readonly nameless = new Map<string, number>();

  /** One more transfer of such a file has been begun, and does not know its id. */
  begin(file: ListedFile): void {
    this.count(file, 1);
  }

  /** Its id is known now, or there is nothing of it any more. */
  settle(file: ListedFile): void {
    this.count(file, -1);
  }

  claim(id: string): void {
    this.ids.add(id);
  }

  release(id: string): void {
    this.ids.delete(id);
  }

  /** Whether an upload that a list shows may be that of another transfer than the one who asks. */
  isDoubtful(id: string, file: ListedFile): boolean {
    return this.ids.has(id) || (this.nameless.get(keyOf(file)) ?? 0) > 1;
  }

  private count(file: ListedFile, change: 1 | -1): void {
    const key = keyOf(file);
    const now = (this.nameless.get(key) ?? 0) + change;
    if (now > 0) this.nameless.set(key, now);
    else this.nameless.delete(key);
  }
}

/** Those of this page. */
export const ownUploads = new OwnUploads();

function keyOf({ endpoint, fileName, size }: ListedFile): string {
  return JSON.stringify([endpoint, fileName, size]);
}
