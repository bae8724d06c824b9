import { extension as extensionOf, types } from 'mime-types';
import { failOption } from '../chunked-upload.errors.js';

/** The option `allowedExtensions`: in lower case, without a dot; null: all. @throws TypeError */
export function allowedExtensions(value: unknown): readonly string[] | null {
  return list(value, {
    option: 'allowedExtensions',
    example: '["png", "txt"]',
    // `png` and `.png` are the same.
    parse: (name) => /^\.?([\w-]+(\.[\w-]+)*)$/.exec(name)?.[1] ?? null,
    meant: (name) => extensionOf(name) || null,
  });
}

/** The option `allowedMimeTypes`: in lower case, `image/*` among them; null: all. @throws TypeError */
export function allowedMimeTypes(value: unknown): readonly string[] | null {
  return list(value, {
    option: 'allowedMimeTypes',
    example: '["video/mp4", "image/*"]',
    parse: (name) => (/^([\w!#$&^.+-]+\/([\w!#$&^.+-]+|\*)|\*\/\*)$/.test(name) ? name : null),
    meant: (name) => types[name.replace(/^\./, '')] ?? null,
  });
}

interface Rule {
  readonly option: string;
  /** A right value, as it stands in code. */
  readonly example: string;
  /** A name as it is compared; null: it is none. */
  readonly parse: (name: string) => string | null;
  /** What may have been meant by a name that is none; null: nobody knows. */
  readonly meant: (name: string) => string | null;
}

function list(value: unknown, { option, example, parse, meant }: Rule): readonly string[] | null {
  if (value === null) return null;
  const right = `must be a list such as ${example}, or null for all`;
  if (!Array.isArray(value)) return failOption(option, right);
  return value.map((given: unknown) => {
    if (typeof given !== 'string') return failOption(option, right);
    const name = given.trim().toLowerCase();
    const near = meant(name);
    const hint = near === null ? '' : `: did you mean "${near}"?`;
    return parse(name) ?? failOption(option, `${right}; "${given}" is none${hint}`);
  });
}
