import { types } from 'mime-types';
import { canonicalMimeType, hasSignature, mayCarry } from '../mime-type/mime-type-families.js';
import { lastExtension } from './filename-extension.js';
import { UploadPolicy, type PolicySubject, type PolicyVerdict } from './upload.policy.js';

/**
 * Refuses files of other types. The type that the name says must be allowed, and what the first bytes
 * say must be allowed too, or be how an honest file of the name's type begins (a .docx is a ZIP).
 */
export class MimeTypePolicy extends UploadPolicy {
  private readonly allows: (type: string) => boolean;

  /** @param allowedMimeTypes in lower case: `video/mp4`, `image/*`, `*`+`/*` */
  constructor(private readonly allowedMimeTypes: readonly string[]) {
    super();
    const patterns = allowedMimeTypes.map(matcher);
    this.allows = (type) => patterns.some((matches) => matches(type));
  }

  check(upload: Pick<PolicySubject, 'stage' | 'filename' | 'mimeType'>): PolicyVerdict {
    if (this.allowedMimeTypes.includes('*/*')) return null;
    const named = namedMimeType(upload.filename);
    if (named === null) return this.refusal('Files whose name says no type');
    if (!this.allows(named)) return this.refusal(`Files of the type "${named}"`);
    return this.checkBytes(upload, named);
  }

  private checkBytes(
    { stage, mimeType }: Pick<PolicySubject, 'stage' | 'mimeType'>,
    named: string,
  ): PolicyVerdict {
    if (mimeType !== null) {
      if (this.allows(mimeType) || mayCarry(mimeType, named)) return null;
      return this.refusal(`Files whose content is of the type "${mimeType}"`);
    }
    // Before these stages nobody has looked at the bytes.
    const haveSpoken = stage === 'first-bytes' || stage === 'complete';
    if (!haveSpoken || !hasSignature(named)) return null;
    return `The content of this file is not of the type "${named}", as its name says.`;
  }

  private refusal(files: string): string {
    return `${files} are not allowed; allowed are ${this.allowedMimeTypes.join(', ') || 'none'}.`;
  }
}

// Extensions that mime-types does not know.
const COMPRESSED_ARCHIVES: ReadonlyMap<string, string> = new Map([
  ['tgz', 'application/gzip'],
  ['tbz2', 'application/x-bzip2'],
  ['txz', 'application/x-xz'],
  ['zst', 'application/zstd'],
]);

function namedMimeType(filename: string): string | null {
  const extension = lastExtension(filename);
  // Not by `lookup`, to which a Kelvin sign is a k.
  return types[extension] ?? COMPRESSED_ARCHIVES.get(extension) ?? null;
}

/** Of a pattern such as `image/*` or `image/jpg`: whether a type, by any of its names, is meant. */
function matcher(pattern: string): (type: string) => boolean {
  if (pattern.endsWith('/*')) {
    const prefix = pattern.slice(0, -1);
    return (type) => type.startsWith(prefix) || canonicalMimeType(type).startsWith(prefix);
  }
  const canonical = canonicalMimeType(pattern);
  return (type) => canonicalMimeType(type) === canonical;
}
