import { hasExtension, lastExtension } from './filename-extension.js';
import { UploadPolicy, type PolicySubject, type PolicyVerdict } from './upload.policy.js';

/** Refuses files whose names have other extensions; without regard to upper and lower case. */
export class ExtensionPolicy extends UploadPolicy {
  /** @param allowedExtensions in lower case, without a dot in front: `png`, `tar.gz` */
  constructor(private readonly allowedExtensions: readonly string[]) {
    super();
  }

  check({ filename }: Pick<PolicySubject, 'filename'>): PolicyVerdict {
    const allowed = this.allowedExtensions;
    if (allowed.some((extension) => hasExtension(filename, extension))) return null;
    const extension = printable(lastExtension(filename));
    const files = extension === '' ? 'without an extension' : `with the extension "${extension}"`;
    return `Files ${files} are not allowed; allowed are ${allowed.join(', ') || 'none'}.`;
  }
}

// Marks that turn the direction of reading would garble the sentence.
function printable(extension: string): string {
  return extension.replace(/[\p{C}\p{Z}]/gu, '\uFFFD');
}
