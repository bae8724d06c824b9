/** Of an OpenAPI 3 document what the tests read. */
export interface Document {
  readonly openapi: string;
  readonly info: { readonly title: string; readonly version: string };
  readonly servers?: readonly { readonly url: string }[];
  readonly paths: Readonly<Record<string, Readonly<Record<string, Operation>>>>;
  readonly components: {
    readonly schemas: Readonly<Record<string, Schema>>;
    readonly securitySchemes?: Readonly<Record<string, { type: string; scheme?: string }>>;
  };
  readonly security?: readonly Record<string, string[]>[];
}

export interface Schema {
  readonly $ref?: string;
  readonly type?: string;
  readonly format?: string;
  readonly nullable?: boolean;
  readonly enum?: readonly unknown[];
  readonly properties?: Readonly<Record<string, Schema>>;
  readonly required?: readonly string[];
  readonly items?: Schema;
  readonly description?: string;
}

export interface Parameter {
  readonly in: string;
  readonly name: string;
  readonly required: boolean;
  readonly schema: Schema;
}

export interface Operation {
  readonly operationId: string;
  readonly summary?: string;
  readonly tags?: readonly string[];
  readonly parameters: readonly Parameter[];
  readonly requestBody?: {
    readonly required?: boolean;
    readonly content: Readonly<Record<string, { readonly schema: Schema }>>;
  };
  readonly responses: Readonly<
    Record<
      string,
      {
        readonly description: string;
        readonly headers?: Readonly<Record<string, { readonly required?: boolean }>>;
        readonly content?: Readonly<
          Record<string, { schema: Schema; examples?: Record<string, { value: unknown }> }>
        >;
      }
    >
  >;
}

export interface Call {
  readonly parameters?: Readonly<Record<string, string | number>>;
  /** A value for each property of a form, or the bytes of a raw body. */
  readonly body?: Uint8Array | Readonly<Record<string, string | Uint8Array>>;
  /** One that the operation takes. */
  readonly type?: string;
}

/**
 * What a generator makes of a document: it knows no path, header or field that is not in there, and
 * refuses answers that are not.
 */
export class OpenApiClient {
  constructor(
    private readonly document: Document,
    private readonly base: string,
    private readonly credentials: { user: string; password: string } | null,
  ) {}

  async call(operationId: string, { parameters = {}, body, type }: Call = {}) {
    const { path, method, operation } = this.#find(operationId);
    const url = new URL(this.#path(path, operation, parameters), this.base);
    const headers = new Headers(this.#authorization());
    for (const { name, in: where, required } of operation.parameters) {
      const value = parameters[name];
      if (value === undefined && required) throw new Error(`${operationId} needs ${name}`);
      if (value === undefined) continue;
      if (where === 'query') url.searchParams.set(name, String(value));
      if (where === 'header') headers.set(name, String(value));
    }
    const known = operation.parameters.map(({ name }) => name);
    const unknown = Object.keys(parameters).filter((name) => !known.includes(name));
    if (unknown.length > 0) throw new Error(`${operationId} has no ${unknown.join()}`);
    const sent = body === undefined ? null : this.#body(operation, body, type ?? '', headers);
    const response = await fetch(url, { method: method.toUpperCase(), headers, body: sent });
    const described = operation.responses[response.status];
    if (!described) throw new Error(`${operationId} may not answer ${response.status}`);
    for (const [name, header] of Object.entries(described.headers ?? {})) {
      if (header.required === false) continue;
      if (name !== 'Link' && name !== 'Upload-Length' && !response.headers.has(name)) {
        throw new Error(`${operationId} answers ${response.status} without ${name}`);
      }
    }
    const bytes = Buffer.from(await response.arrayBuffer());
    const json = described.content?.['application/json'];
    const value: unknown = json ? JSON.parse(bytes.toString()) : null;
    if (json) this.#check(value, json.schema, operationId);
    return { status: response.status, headers: response.headers, bytes, value };
  }

  #find(operationId: string) {
    for (const [path, methods] of Object.entries(this.document.paths)) {
      for (const [method, operation] of Object.entries(methods)) {
        if (operation.operationId === operationId) return { path, method, operation };
      }
    }
    throw new Error(`There is no operation ${operationId}`);
  }

  #path(path: string, operation: Operation, parameters: NonNullable<Call['parameters']>): string {
    return path.replaceAll(/\{(\w+)\}/g, (_, name: string) => {
      const isThere = operation.parameters.some((each) => each.in === 'path' && each.name === name);
      if (!isThere) throw new Error(`${path} does not describe ${name}`);
      return encodeURIComponent(String(parameters[name]));
    });
  }

  #authorization(): Record<string, string> {
    const [scheme] = Object.values(this.document.components.securitySchemes ?? {});
    if (!this.credentials) return {};
    if (scheme?.type !== 'http' || scheme.scheme !== 'basic') throw new Error('No Basic scheme');
    const { user, password } = this.credentials;
    return { authorization: `Basic ${Buffer.from(`${user}:${password}`).toString('base64')}` };
  }

  #body(operation: Operation, body: NonNullable<Call['body']>, type: string, headers: Headers) {
    const schema = operation.requestBody?.content[type]?.schema;
    if (!schema) throw new Error(`${operation.operationId} takes no ${type}`);
    if (body instanceof Uint8Array) {
      if (schema.format !== 'binary') throw new Error(`${type} is no bytes`);
      headers.set('content-type', type);
      return body as BufferSource;
    }
    for (const name of schema.required ?? []) {
      if (!(name in body)) throw new Error(`${operation.operationId} needs the field ${name}`);
    }
    // In the order of the document, which is the one that matters for `upload_id`.
    const fields = Object.keys(schema.properties ?? {}).filter((name) => name in body);
    if (fields.length < Object.keys(body).length) throw new Error('A field is not described');
    if (type === 'multipart/form-data') {
      const form = new FormData();
      for (const name of fields) {
        const value = body[name] ?? '';
        if (typeof value === 'string') form.append(name, value);
        else form.append(name, new Blob([value as BufferSource]), 'a.bin');
      }
      return form;
    }
    headers.set('content-type', type);
    const values = Object.fromEntries(fields.map((name) => [name, String(body[name])]));
    return type === 'application/json'
      ? JSON.stringify(values)
      : new URLSearchParams(values).toString();
  }

  #check(value: unknown, schema: Schema, where: string): void {
    const { type, properties, required = [], items, nullable } = resolve(this.document, schema);
    if (value === null && nullable) return;
    if (type === 'array') {
      for (const each of value as unknown[]) this.#check(each, items ?? {}, `${where}[]`);
    } else if (type === 'object') {
      const object = value as Record<string, unknown>;
      for (const name of required) {
        if (!(name in object)) throw new Error(`${where} lacks ${name}`);
      }
      for (const [name, each] of Object.entries(object)) {
        const property = properties?.[name];
        if (!property) throw new Error(`${where} has ${name}, which is not described`);
        this.#check(each, property, `${where}.${name}`);
      }
    } else if (type !== undefined) {
      const is = Number.isInteger(value) ? 'integer' : typeof value;
      if (is !== type) throw new Error(`${where} is ${is}, not ${type}`);
    }
  }
}

export function resolve(document: Document, schema: Schema): Schema {
  if (schema.$ref === undefined) return schema;
  const name = schema.$ref.replace('#/components/schemas/', '');
  const found = document.components.schemas[name];
  if (!found) throw new Error(`${schema.$ref} leads nowhere`);
  return found;
}

/** Each operation with its `verb path`. */
export function operationsOf(document: Document): { route: string; operation: Operation }[] {
  return Object.entries(document.paths).flatMap(([path, methods]) =>
    Object.entries(methods).map(([method, operation]) => ({
      route: `${method.toUpperCase()} ${path}`,
      operation,
    })),
  );
}
