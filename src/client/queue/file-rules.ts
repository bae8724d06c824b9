import { type RememberedUpload } from '../upload-memory.js';
import { type ChosenFile } from './chosen-file.js';
import { typeByEnding } from './types-by-ending.js';

/**
 * Why a file is not sent at all.
 *
 * - `wrong-type`, `too-small`, `too-big`, `too-many`, `duplicate`: by the rules of the queue
 * - `changed-file`: it has changed since the upload that it should continue was started
 * - `wrong-file`: it is not the file of the upload that it should continue
 */
export type Refusal =
  'wrong-type' | 'too-small' | 'too-big' | 'too-many' | 'duplicate' | 'changed-file' | 'wrong-file';

/** One by the rules of the queue. */
export type RuleRefusal = Exclude<Refusal, 'changed-file' | 'wrong-file'>;

/** Rules that are checked before anything is sent. The server has the last word. */
export interface FileRuleOptions {
  /** As the `accept` of an `<input>`: `.pdf,image/*`. Default: all. */
  readonly accept?: string;
  /** Bytes. */
  readonly minBytes?: number;
  /** Bytes. */
  readonly maxBytes?: number;
  /** Maximum number of files in the queue; failed ones do not count. */
  readonly maxFiles?: number;
  /** Whether the same file (folder, name, size, date) may be in the queue twice; default `false`. */
  readonly duplicates?: boolean;
}

/** What is in the queue already. */
interface Present {
  readonly count: number;
  hasFile(file: ChosenFile): boolean;
}

/** @returns `null`: it is taken */
export function refusalOf(
  chosen: ChosenFile,
  { accept = '', duplicates, maxBytes, maxFiles, minBytes }: FileRuleOptions,
  present: Present,
): RuleRefusal | null {
  const { file } = chosen;
  if (duplicates !== true && present.hasFile(chosen)) return 'duplicate';
  if (!isAccepted(file, accept)) return 'wrong-type';
  if (minBytes !== undefined && file.size < minBytes) return 'too-small';
  if (maxBytes !== undefined && file.size > maxBytes) return 'too-big';
  if (maxFiles !== undefined && present.count >= maxFiles) return 'too-many';
  return null;
}

/** What is wrong with a file that was chosen to continue an upload; `null`: nothing. */
export function mismatchOf(file: File, upload: RememberedUpload): Refusal | null {
  if (file.name !== upload.fileName) return 'wrong-file';
  const isSame = file.size === upload.size && file.lastModified === upload.lastModified;
  return isSame ? null : 'changed-file';
}

export function identityOf({ file, folder = '' }: ChosenFile): string {
  return JSON.stringify([folder, file.name, file.size, file.lastModified]);
}

/**
 * As browsers read the `accept` of an input: endings, MIME types, and `image/*`. Their dialog goes by what
 * files are called, too.
 */
function isAccepted({ name, type }: File, accept: string): boolean {
  const wanted = accept
    .split(',')
    .map((each) => each.trim().toLowerCase())
    .filter((each) => each !== '' && each !== '*/*' && each !== '*');
  if (wanted.length === 0) return true;
  const types = [type.toLowerCase(), typeByEnding(name)];
  return wanted.some((each) => {
    if (each.startsWith('.')) return name.toLowerCase().endsWith(each);
    const fits = (mimeType: string): boolean =>
      each.endsWith('/*') ? mimeType.startsWith(each.slice(0, -1)) : mimeType === each;
    return types.some(fits);
  });
}
