import type { HookOfHost, UploadContext } from '../chunked-upload.context.js';

/** An entity class, with any constructor. */
export type OwnerEntity<O = object> = abstract new (...args: never[]) => O;

type Agreement = boolean | Promise<boolean>;

/** A method's type, so that one for the host's own entity is taken. */
export type CanAttach<O, R> = { method(owner: O, context: UploadContext<R>): Agreement }['method'];

/** One kind of record that uploads can belong to. `R`: the type of the request. */
export interface OwnerOptions<O = object, R = unknown> {
  /** An entity of the same data source, with a primary key of one column. */
  readonly entity: OwnerEntity<O>;
  /** Whether the caller may attach uploads to `owner`. Default: anybody may attach to anybody. */
  readonly canAttach?: CanAttach<O & {}, R> | HookOfHost<[owner: O & {}], Agreement>;
  /** `true`: uploads stay when their owner is removed. Default: false. */
  readonly keep?: boolean;
}

/** The owners by the name that requests use in `owner_type`. `O`: the entities by these names. */
export type Owners<O = Record<string, object>, R = unknown> = {
  readonly [K in keyof O]: OwnerEntity<O[K]> | OwnerOptions<O[K], R>;
};

/**
 * The same where a factory answers it. TypeScript does not look into what a function returns for more
 * than one kind of owner, so `O` is the first one's: of others the parameter of `canAttach` needs a type.
 */
export type OwnersOfFactory<O extends object, R> = Readonly<
  Record<string, OwnerEntity | OwnerOptions<O, R> | OwnerTypedByHost>
>;

interface OwnerTypedByHost extends Pick<OwnerOptions, 'entity' | 'keep'> {
  readonly canAttach?: HookOfHost<[owner: never], Agreement>;
}
