import strftime from 'strftime';
import { safeExtension } from './storage-key.js';

const utc = strftime.utc();

interface KeyOptions {
  readonly uploadPath: string;
  readonly incompleteExt: string;
  readonly completeExt: string;
}

const UUID = '[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}';

/**
 * The two names of an upload's bytes: `<folder>/<id>.part.bin` while they arrive and
 * `<folder>/<id>.done.bin` after. Nothing of the client's but a cleaned extension gets in.
 */
export function uploadKeys(
  options: KeyOptions,
  id: string,
  clientName: string,
): { key: string; finalKey: string } {
  const base = `${utc(options.uploadPath)}/${id}`;
  const extension = safeExtension(clientName);
  return {
    key: `${base}${options.incompleteExt}${extension}`,
    finalKey: `${base}${options.completeExt}${extension}`,
  };
}

/** The folder that all uploads of these options are below: `uploadPath` up to its first date. */
export function uploadFolder({ uploadPath }: KeyOptions): string {
  const segments = uploadPath.split('/');
  const dated = segments.findIndex((segment) => segment.includes('%'));
  return (dated === -1 ? segments : segments.slice(0, dated)).join('/');
}

/**
 * The id of the upload whose bytes a key may name; null for a key that `uploadKeys` cannot have
 * made with these options, so that files of others in the same storage are left alone.
 */
export function uploadIdOf(options: KeyOptions, key: string): string | null {
  const folder = uploadFolder(options);
  const below = folder === '' ? key : key.slice(folder.length + 1);
  if (folder !== '' && !key.startsWith(`${folder}/`)) return null;
  // With neither a folder nor an extension of its own a name would say nothing.
  const extensions = [options.incompleteExt, options.completeExt]
    .filter((extension) => extension !== '' || folder !== '')
    .map((extension) => extension.replaceAll('.', '\\.'));
  if (extensions.length === 0) return null;
  const name = `^(${UUID})(?:${extensions.join('|')})(?:\\.[a-z0-9]{1,16})?$`;
  return new RegExp(name).exec(below.slice(below.lastIndexOf('/') + 1))?.[1] ?? null;
}
