/** What the descriptions of routes say of OpenAPI 3: types of its own, so that the published ones need no package. */

export interface Schema {
  readonly type?: string;
  readonly format?: string;
  readonly description?: string;
  readonly nullable?: boolean;
  readonly enum?: readonly (string | number)[];
  readonly minimum?: number;
  readonly maximum?: number;
  readonly minLength?: number;
  readonly maxLength?: number;
  readonly pattern?: string;
  readonly default?: unknown;
  readonly example?: unknown;
  readonly items?: Schema;
  readonly properties?: Readonly<Record<string, Schema>>;
  readonly required?: readonly string[];
  readonly additionalProperties?: boolean | Schema;
  readonly oneOf?: readonly Schema[];
  readonly $ref?: string;
}

export type Properties = Readonly<Record<string, Schema>>;

export interface Parameter {
  readonly in: 'path' | 'query' | 'header';
  readonly name: string;
  readonly required: boolean;
  readonly description: string;
  readonly schema: Schema;
}

export interface MediaType {
  readonly schema: Schema;
  readonly examples?: Readonly<Record<string, { readonly value: unknown }>>;
}

export type Content = Readonly<Record<string, MediaType>>;

export interface ResponseHeader {
  readonly description: string;
  readonly schema: Schema;
  /** False: not in every answer of this status. */
  readonly required?: boolean;
}

export interface Response {
  readonly description: string;
  readonly headers?: Readonly<Record<string, ResponseHeader>>;
  readonly content?: Content;
}

export interface RouteDescription {
  readonly summary: string;
  readonly description: string;
  readonly parameters: readonly Parameter[];
  readonly requestBody?: {
    readonly required: boolean;
    readonly description?: string;
    readonly content: Content;
  };
  /** By status. */
  readonly responses: Readonly<Record<number, Response>>;
}

/** The methods of the controller that are routes: all its public ones. */
export type RouteName =
  | 'putFirst'
  | 'put'
  | 'postWhole'
  | 'post'
  | 'patchNamed'
  | 'patch'
  | 'options'
  | 'optionsOfOne'
  | 'optionsOfFile'
  | 'headNamed'
  | 'list'
  | 'head'
  | 'get'
  | 'headFile'
  | 'getFile'
  | 'removeNamed'
  | 'remove';

/** What may be said there, by one protocol or by all of them. */
export type DescribedRoutes = Readonly<Partial<Record<RouteName, RouteDescription>>>;

/** What of an upload type its description depends on. */
export interface DescribedType {
  readonly fieldName: string;
  /** Name of the checksum's field; null: the type has none. */
  readonly checksum: string | null;
  /** Names that an `owner_type` may have. */
  readonly owners: readonly string[];
  /** Properties that the first request may set. */
  readonly fields: Properties;
  /** Whether completion may be answered by the host's own words. */
  readonly hasOnComplete: boolean;
  readonly userRestricted: boolean;
  /** Of the component that describes an upload. */
  readonly uploadRef: string;
  readonly errorRef: string;
}
