import { fileTypeFromBuffer } from 'file-type';
import { isTransportStream, lateSignature } from './late-signatures.js';
import { markupType } from './markup.js';

/** How many bytes of a file's beginning say what it is: all that file-type looks at, rounded. */
export const FIRST_BYTES = 4096;

/**
 * What a file's first bytes say it is; null: nothing, as those of plain text. Needs the first
 * `FIRST_BYTES` bytes, or the whole file if it is smaller; ignores further ones. Never throws.
 */
export async function detectMimeType(firstBytes: Uint8Array): Promise<string | null> {
  const bytes = firstBytes.subarray(0, FIRST_BYTES);
  const text = decode(bytes);
  // Before all signatures, some of which stand far behind: what begins as HTML is HTML to a browser.
  const type = markupType(text) ?? (await typeBySignature(bytes, isText(text)));
  if (type === null || !isText(text) || TEXT_SIGNATURES.has(type)) return type;
  // Two letters are a signature of some binary formats, and the beginning of many a text.
  return null;
}

// Types with a signature whose files may be all text.
const TEXT_SIGNATURES = new Set([
  'text/html',
  'text/calendar',
  'text/vcard',
  'text/vtt',
  'image/svg+xml',
  'application/pdf',
  'application/eps',
  'application/postscript',
  'application/rtf',
  'application/pgp-encrypted',
  'application/x-ms-regedit',
  'application/xhtml+xml',
  'application/xml',
]);

type Signature = readonly [beginning: string, type: string];

// file-type would inflate them first, to say the same.
const COMPRESSED: readonly Signature[] = [['\x1F\x8B\x08', 'application/gzip']];

// What file-type does not say, or not of files whose rest is missing.
const MISSED: readonly Signature[] = [
  ['\x89PNG', 'image/png'],
  ['II*\0', 'image/tiff'],
  ['MM\0*', 'image/tiff'],
  ['ID3', 'audio/mpeg'],
  ['PK\x03\x04', 'application/zip'],
  // Meant for several disks, and found room on one.
  ['PK00PK\x03\x04', 'application/zip'],
  // WAV beyond 4 GiB, and with the other order of bytes.
  ['RF64', 'audio/wav'],
  ['BW64', 'audio/wav'],
  ['RIFX', 'audio/wav'],
];

// Brands of images (ISO 23008-12) that file-type takes for films.
const IMAGE_BRAND = /^[^]{4}ftyp(?:hei[ms]|hev[ms]|mif2|miaf|jpe[gs]|avc[is]|j2ki)/;

async function typeBySignature(bytes: Uint8Array, asText: boolean): Promise<string | null> {
  const beginning = Buffer.from(bytes.subarray(0, 12)).toString('latin1');
  const among = (signatures: readonly Signature[]): string | null =>
    signatures.find(([signature]) => beginning.startsWith(signature))?.[1] ?? null;
  if (IMAGE_BRAND.test(beginning)) return 'image/heif';
  // What fills its packets looks like sound.
  if (isTransportStream(bytes)) return 'video/mp2t';
  return (
    among(COMPRESSED) ??
    (await typeByLibrary(bytes, beginning)) ??
    among(MISSED) ??
    lateSignature(Buffer.from(bytes), asText)
  );
}

async function typeByLibrary(bytes: Uint8Array, beginning: string): Promise<string | null> {
  try {
    const found = await fileTypeFromBuffer(bytes);
    // Without parameters: `audio/ogg; codecs=opus`.
    const type = found?.mime.split(';')[0]?.toLowerCase() ?? null;
    // The mark of UTF-16 and UTF-32, which it takes for a frame of sound.
    return type === 'audio/mpeg' && beginning.startsWith('\xFF\xFE') ? null : type;
  } catch {
    return null;
  }
}

/** As far as markup and control characters go: UTF-16 by its mark, all else by single bytes. */
function decode(bytes: Uint8Array): string {
  const [first, second, third] = bytes;
  if (first === 0xff && second === 0xfe) return new TextDecoder('utf-16le').decode(bytes);
  if (first === 0xfe && second === 0xff) return new TextDecoder('utf-16be').decode(bytes);
  const hasMark = first === 0xef && second === 0xbb && third === 0xbf;
  return Buffer.from(hasMark ? bytes.subarray(3) : bytes).toString('latin1');
}

/** Without "binary data bytes" of WHATWG MIME Sniffing, section 3. */
function isText(text: string): boolean {
  // oxlint-disable-next-line no-control-regex
  return !/[\0-\x08\x0B\x0E-\x1A\x1C-\x1F]/.test(text);
}
