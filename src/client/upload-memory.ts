import { type UploadOwner } from './upload-owner.js';

/** What the memory needs of a `Storage`: `localStorage`, `sessionStorage` or a double of them. */
export interface KeyValueStorage {
  readonly length: number;
  key(index: number): string | null;
  getItem(key: string): string | null;
  setItem(key: string, value: string): void;
  removeItem(key: string): void;
}

/** Identifies a file and the place that it is uploaded to. */
export interface Fingerprint {
  readonly endpoint: string;
  /** User id, if several users share one browser storage. */
  readonly scope: string;
  readonly fileName: string;
  /** Bytes. */
  readonly size: number;
  /** Milliseconds since 1970; 0 for a `Blob` that is not a file. */
  readonly lastModified: number;
  /** MIME type; empty while unknown. */
  readonly type: string;
  /** The file's folder, if known. */
  readonly folder?: string;
  /** Its owner, if it has one. The same file for another owner is another upload. */
  readonly owner?: UploadOwner;
}

/** An unfinished upload. */
export interface RememberedUpload extends Fingerprint {
  readonly id: string;
  /** Bytes on the server, as far as known. */
  readonly offset: number;
  /** ISO 8601; `null`: never. */
  readonly expiresAt: string | null;
}

const PREFIX = 'nestjs-chunked-upload:';

/**
 * Remembers unfinished uploads across reloads of the page. It is a convenience: without a
 * storage, or if it is full or forbidden, nothing is remembered and nothing fails.
 */
export class UploadMemory {
  constructor(private readonly storage: KeyValueStorage | null = defaultStorage()) {}

  find(fingerprint: Fingerprint): RememberedUpload | null {
    return this.read(keyOf(fingerprint));
  }

  save(upload: RememberedUpload): void {
    try {
      this.storage?.setItem(keyOf(upload), JSON.stringify(upload));
    } catch {
      // Full or forbidden.
    }
  }

  forget(fingerprint: Fingerprint): void {
    try {
      this.storage?.removeItem(keyOf(fingerprint));
    } catch {
      // Forbidden.
    }
  }

  /** Every upload that can still be resumed; expired ones are forgotten on the way. */
  list(): RememberedUpload[] {
    const uploads = this.keys()
      .map((key) => this.read(key))
      .filter((upload) => upload !== null);
    const expired = uploads.filter(({ expiresAt }) => isOver(expiresAt));
    for (const upload of expired) this.forget(upload);
    return uploads.filter((upload) => !expired.includes(upload));
  }

  private read(key: string): RememberedUpload | null {
    try {
      const value: unknown = JSON.parse(this.storage?.getItem(key) ?? 'null');
      return isRemembered(value) ? value : null;
    } catch {
      return null;
    }
  }

  private keys(): string[] {
    try {
      const length = this.storage?.length ?? 0;
      return Array.from({ length }, (_, index) => this.storage?.key(index) ?? '').filter((key) =>
        key.startsWith(PREFIX),
      );
    } catch {
      return []; // Forbidden.
    }
  }
}

function keyOf(fingerprint: Fingerprint): string {
  const { endpoint, scope, fileName, size, lastModified, type, folder, owner } = fingerprint;
  const place = [...(folder ? [folder] : []), ...(owner ? [owner.type, owner.id] : [])];
  const parts = [endpoint, scope, fileName, size, lastModified, type, ...place];
  return PREFIX + JSON.stringify(parts);
}

/** Nobody else writes under the prefix, but another version of this client may have. */
function isRemembered(value: unknown): value is RememberedUpload {
  return (
    typeof value === 'object' &&
    value !== null &&
    ['id', 'offset', 'fileName', 'size', 'expiresAt'].every((name) => name in value)
  );
}

/** @param time ISO 8601; `null`: never */
export function isOver(time: string | null): boolean {
  return time !== null && Date.parse(time) < Date.now();
}

/** Only a page has one: the global of newer Nodes would write a file that nobody asked for. */
function defaultStorage(): KeyValueStorage | null {
  try {
    return typeof window === 'undefined' ? null : window.localStorage;
  } catch {
    return null; // The browser forbids it, e.g. in a sandboxed frame.
  }
}
