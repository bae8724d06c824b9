import type { StoredBytes } from '../storage.provider.js';
import { parsePieceKey } from './pieces.js';
import type { ListedObject } from './s3-bucket.js';
import type { OpenUpload } from './s3-multipart.js';
import type { S3Parts } from './s3-parts.js';

/** What a name begins with that is that of an upload. */
const ID = /^[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}/;

/** All that a bucket has of one upload. */
interface Group {
  readonly objects: ListedObject[];
  readonly uploads: OpenUpload[];
}

/**
 * All that is kept in a folder, each upload's at once: of an upload that is being written it is the
 * newest that counts, be it a piece or a part. The objects come in the order of their keys; unfinished
 * uploads, which are few, in another one at some stores.
 */
export async function* listStored(shared: S3Parts, folder: string): AsyncGenerator<StoredBytes> {
  const prefix = folder === '' ? '' : `${folder}/`;
  const objects = new Cursor(shared.bucket.list(prefix));
  const uploads = new Cursor(byKey(await all(shared.multipart.list(prefix))));
  for (;;) {
    const first = [await objects.stem(), await uploads.stem()].filter((stem) => stem !== null);
    const [stem] = first.toSorted();
    if (stem === undefined) return;
    yield* bytesOf(shared, {
      objects: await objects.take(stem),
      uploads: await uploads.take(stem),
    });
  }
}

async function all<E>(elements: AsyncIterable<E>): Promise<E[]> {
  const found: E[] = [];
  for await (const element of elements) found.push(element);
  return found;
}

function byKey<E extends { readonly key: string }>(elements: readonly E[]): Iterator<E, void> {
  return elements.toSorted((a, b) => (a.key < b.key ? -1 : Number(a.key > b.key))).values();
}

async function* bytesOf(
  { multipart }: S3Parts,
  { objects, uploads }: Group,
): AsyncGenerator<StoredBytes> {
  const unfinished = new Map<string, number>();
  let newest = 0;
  const add = (key: string, size: number, modifiedAt: Date): void => {
    unfinished.set(key, (unfinished.get(key) ?? 0) + size);
    newest = Math.max(newest, modifiedAt.getTime());
  };
  for (const { key: name, size, modifiedAt } of objects) {
    const piece = parsePieceKey(name);
    if (piece) add(piece.key, size, modifiedAt);
    else yield { key: name, size, modifiedAt, finished: true };
  }
  for (const upload of uploads) {
    const parts = await multipart.parts(upload);
    // Completed, or aborted, meanwhile.
    if (!parts) continue;
    // When it was begun says little: a chunk may be on its way for hours. Some stores do not say it.
    add(upload.key, 0, upload.begunAt ?? new Date(0));
    for (const { size, modifiedAt } of parts) add(upload.key, size, modifiedAt);
  }
  // Of what nothing says how old it is nobody knows that it is old.
  const modifiedAt = new Date(newest === 0 ? Date.now() : newest);
  for (const [key, size] of unfinished) yield { key, size, modifiedAt, finished: false };
}

/** A listing, of which one element is looked at before it is taken. */
class Cursor<E extends { readonly key: string }> {
  #next: Promise<IteratorResult<E, void>> | IteratorResult<E, void> | null = null;

  constructor(private readonly elements: AsyncIterator<E, void> | Iterator<E, void>) {}

  /** Of the next element; null: there is none. */
  async stem(): Promise<string | null> {
    this.#next ??= this.elements.next();
    const { done, value } = await this.#next;
    return done ? null : stemOf(value.key);
  }

  /** The next elements that have this stem. */
  async take(stem: string): Promise<E[]> {
    const taken: E[] = [];
    while ((await this.stem()) === stem && this.#next) {
      const { done, value } = await this.#next;
      if (!done) taken.push(value);
      this.#next = null;
    }
    return taken;
  }
}

/** What all keys of an upload have in common, and no others. */
function stemOf(key: string): string {
  const start = key.lastIndexOf('/') + 1;
  const name = key.slice(start);
  return key.slice(0, start) + (ID.exec(name)?.[0] ?? parsePieceKey(name)?.key ?? name);
}
