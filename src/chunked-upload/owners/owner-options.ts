import type { UploadContext } from '../chunked-upload.context.js';

/** An entity class; its constructor's parameters do not matter. */
export type OwnerEntity<O extends object = object> = abstract new (...args: never[]) => O;

/** One kind of record that uploads may belong to. */
export interface OwnerOptions<O extends object = object> {
  /** An entity of the same data source, with a primary key of one column. */
  readonly entity: OwnerEntity<O>;
  /**
   * Whether the caller may attach uploads to `owner`. Default: everybody may, to everything. A
   * method's type, so that one for the host's own entity is taken.
   */
  canAttach?(owner: O, context: UploadContext): boolean | Promise<boolean>;
  /** Whether uploads outlive their owner. Default: false. */
  readonly keep?: boolean;
}

/** Names in requests, and what they stand for. */
export type Owners = Readonly<Record<string, OwnerEntity | OwnerOptions>>;
