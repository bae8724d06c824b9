import { type Type, ValidationPipe } from '@nestjs/common';
import { ChunkedUploadError, failOption } from '../chunked-upload.errors.js';

/** What is used of a class-validator error; its package is an optional peer. */
interface FieldError {
  readonly property: string;
  readonly constraints?: Readonly<Record<string, string>>;
  readonly children?: readonly FieldError[];
}

/**
 * The columns of an upload type's own that its first request sets and its representation shows: the
 * properties of a class that bear decorators of class-validator.
 */
export class OwnFields {
  readonly #pipe = new ValidationPipe({
    transform: true,
    whitelist: true,
    exceptionFactory: (errors) => ChunkedUploadError.invalidFields(sentences(errors)),
  });

  private constructor(
    readonly type: Type,
    /** Properties of the class, and of the entity. */
    readonly names: readonly string[],
  ) {}

  /**
   * `columns` are those that the entity adds to `AbstractChunkedUpload`'s.
   * @throws TypeError that names the option, also where class-validator is not installed
   */
  static async of(type: Type, columns: readonly string[]): Promise<OwnFields> {
    const names = await decoratedProperties(type);
    for (const name of names) {
      if (columns.includes(name)) continue;
      const known = columns.join(', ') || 'none';
      failOption(
        'fields',
        `has "${name}", which is no column of the entity's own (there are: ${known})`,
      );
    }
    return new OwnFields(type, names);
  }

  /** The values of a request, converted and checked. @throws ChunkedUploadError `invalid_field` */
  async validate(given: Readonly<Record<string, unknown>>): Promise<Record<string, unknown>> {
    const known = this.names.filter((name) => Object.hasOwn(given, name));
    refuseNull(given, known);
    const values = Object.fromEntries(
      known.map((name) => [name, this.#convert(name, given[name])]),
    );
    const metatype = this.type;
    const valid: unknown = await this.#pipe.transform(values, { type: 'body', metatype });
    return pick(valid as Record<string, unknown>, this.names);
  }

  /** Their values in an upload. */
  of(upload: object): Record<string, unknown> {
    return pick(upload as Record<string, unknown>, this.names);
  }

  /** A form knows text alone; class-transformer would make `true` of the text "false". */
  #convert(name: string, value: unknown): unknown {
    if (typeof value !== 'string') return value;
    const target: unknown = Reflect.getMetadata('design:type', this.type.prototype as object, name);
    if (target === Number) return value.trim() === '' ? Number.NaN : Number(value);
    if (target !== Boolean) return value;
    return BOOLEANS.get(value.trim().toLowerCase()) ?? value;
  }
}

const BOOLEANS = new Map([
  ['true', true],
  ['1', true],
  ['on', true],
  ['false', false],
  ['0', false],
  ['off', false],
]);

/** Postgres has no text with one, which rules for text let through. */
function refuseNull(given: Readonly<Record<string, unknown>>, names: readonly string[]): void {
  const refused = names.filter((name) => {
    const value = given[name];
    return typeof value === 'string' && value.includes('\0');
  });
  if (refused.length === 0) return;
  const sentence = 'Null characters are not allowed.';
  throw ChunkedUploadError.invalidFields(
    Object.fromEntries(refused.map((name) => [name, [sentence]])),
  );
}

function sentences(errors: readonly FieldError[]): Record<string, string[]> {
  return Object.fromEntries(errors.map((error) => [error.property, wordsOf(error)]));
}

function wordsOf({ constraints = {}, children = [] }: FieldError): string[] {
  return [...Object.values(constraints), ...children.flatMap(wordsOf)];
}

function pick(from: Record<string, unknown>, names: readonly string[]): Record<string, unknown> {
  const known = names.filter((name) => from[name] !== undefined);
  return Object.fromEntries(known.map((name) => [name, from[name]]));
}

async function decoratedProperties(type: Type): Promise<string[]> {
  const { getMetadataStorage } = await loadValidator();
  const found = getMetadataStorage().getTargetValidationMetadatas(type, '', false, false);
  const names = [...new Set(found.map(({ propertyName }) => propertyName))];
  if (names.length === 0)
    failOption(
      'fields',
      'has no property with a decorator of class-validator, such as @IsString() title: string',
    );
  return names;
}

async function loadValidator(): Promise<typeof import('class-validator')> {
  // Within `try` bundlers leave out what they do not find.
  try {
    return await import('class-validator');
  } catch (error) {
    const cure = 'needs packages: npm install class-validator class-transformer';
    return failOption('fields', cure, error);
  }
}
