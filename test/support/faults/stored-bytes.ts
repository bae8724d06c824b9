import { readdir, rm, stat } from 'node:fs/promises';
import { join, relative } from 'node:path';
import type { S3Double, S3Stored } from 'nestjs-chunked-upload/testing';

/** What is stored, whatever a host says of it. */
export interface StoredBytes {
  /** Of everything that is there. */
  names(): Promise<string[]>;
  /** How many bytes there are of an upload that is not finished, at most. */
  held(id: string): Promise<number>;
  /** Of a finished file; minus one: there is none. */
  size(finalKey: string): Promise<number>;
  clear(): Promise<void>;
}

export class DiskBytes implements StoredBytes {
  constructor(private readonly root: string) {}

  async names(): Promise<string[]> {
    const entries = await readdir(this.root, { recursive: true, withFileTypes: true });
    return entries
      .filter((entry) => entry.isFile())
      .map(({ name, parentPath }) => relative(this.root, join(parentPath, name)));
  }

  async held(id: string): Promise<number> {
    // A storage may keep the bytes of several writers, in files that it names by the upload.
    const files = (await this.names()).filter((path) => path.includes(id));
    return Math.max(-1, ...(await Promise.all(files.map((path) => this.size(path)))));
  }

  async size(finalKey: string): Promise<number> {
    return stat(join(this.root, finalKey)).then(
      ({ size }) => size,
      () => -1,
    );
  }

  async clear(): Promise<void> {
    await rm(join(this.root, 'chunked_uploads'), { recursive: true, force: true });
  }
}

const HOUR = 3_600_000;

export class S3Bytes implements StoredBytes {
  constructor(
    private readonly double: S3Double,
    private readonly bucket: string,
  ) {}

  async names(): Promise<string[]> {
    const { uploadsVanishAfter, uploadsListedByKey } = this.double.rules;
    if (uploadsVanishAfter !== null && uploadsListedByKey) {
      // What nobody can find there the store removes by itself, in time.
      this.double.turnClock(uploadsVanishAfter + HOUR);
      this.double.stored(this.bucket);
      this.double.turnClock(-uploadsVanishAfter - HOUR);
    }
    return this.double
      .stored(this.bucket)
      .map(({ key, size, partNumber, uploadId }) =>
        uploadId === null ? `${key} (${size})` : `${key} (part ${partNumber}, ${size})`,
      );
  }

  async held(id: string): Promise<number> {
    const all = this.double.stored(this.bucket).filter(({ key }) => key.includes(id));
    return all.reduce((sum, { size }) => sum + size, 0);
  }

  async size(finalKey: string): Promise<number> {
    const isObject = (each: S3Stored) => each.key === finalKey && each.uploadId === null;
    return this.double.stored(this.bucket).find(isObject)?.size ?? -1;
  }

  async clear(): Promise<void> {
    this.double.clear();
  }
}
