import { supportedMimeTypes } from 'file-type';

/** One name for a type that has many: in lower case, without parameters and `x-`. */
export function canonicalMimeType(type: string): string {
  const [plain = ''] = type.toLowerCase().split(';');
  const name = plain.trim().replace('/x-', '/');
  return SYNONYMS.get(name) ?? name;
}

// What mime-types, file-type, browsers and people call the same thing, `x-` left out.
const SYNONYMS: ReadonlyMap<string, string> = new Map([
  ['application/chrome-extension', 'application/google-chrome-extension'],
  ['application/debian-package', 'application/deb'],
  ['application/eps', 'application/postscript'],
  ['application/font-woff', 'font/woff'],
  ['application/javascript', 'text/javascript'],
  ['application/ms-shortcut', 'application/x.ms.shortcut'],
  ['application/msdos-program', 'application/msdownload'],
  ['application/redhat-package-manager', 'application/rpm'],
  ['application/vnd.autodesk.fbx', 'application/x.autodesk.fbx'],
  ['application/vnd.microsoft.portable-executable', 'application/msdownload'],
  ['application/vnd.rar', 'application/rar-compressed'],
  ['application/zip-compressed', 'application/zip'],
  ['audio/mp3', 'audio/mpeg'],
  ['audio/vnd.wave', 'audio/wav'],
  ['audio/wave', 'audio/wav'],
  ['image/jpg', 'image/jpeg'],
  ['image/jxr', 'image/vnd.ms-photo'],
  ['image/mj2', 'video/mj2'],
  ['image/ms-bmp', 'image/bmp'],
  ['image/pjpeg', 'image/jpeg'],
  ['image/vnd.microsoft.icon', 'image/icon'],
  ['text/rtf', 'application/rtf'],
  ['text/xml', 'application/xml'],
  ['video/mp1s', 'video/mpeg'],
  ['video/mp2p', 'video/mpeg'],
  ['video/msvideo', 'video/vnd.avi'],
]);

// All below: canonical names.

/** Bytes of `found` are what an honest file has whose name says `named`. */
interface Carrier {
  readonly found: RegExp;
  readonly named: RegExp;
}

/** Types whose bytes do not tell them apart: each may be found where another is named. */
const alike = (types: RegExp): Carrier => ({ found: types, named: types });

const ZIP = /^application\/zip$/;
const ZIPPED = new RegExp(
  [
    /^application\/vnd\.(openxmlformats-|oasis\.opendocument\.|ms-.*\.macroenabled)/,
    /^application\/vnd\.(apple\.(pages|numbers|keynote)|visio|google-earth\.kmz)$/,
    /^application\/(vnd\.android\.package-archive|java-archive|xpinstall)$/,
    /\+zip$|^model\/3mf$/,
    /^application\/(msix|appx)(bundle)?$|^application\/(oxps|vnd\.ms-xpsdocument)$/,
    // What mime-types calls a comic book, a score, and an Android bundle.
    /^application\/(cbr|vnd\.recordare\.musicxml|authorware-bin)$/,
  ]
    .map(({ source }) => source)
    .join('|'),
);
const COMPOUND_FILE =
  /^application\/(msword|msdownload|mspublisher|vnd\.(visio|openxmlformats-.*|ms-(excel|word|powerpoint|outlook|project|works).*))$/;

const CARRIERS: readonly Carrier[] = [
  // The part that says which document a ZIP is may stand behind its first bytes.
  { found: ZIP, named: ZIPPED },
  // Any of them is a ZIP, too.
  { found: ZIPPED, named: ZIP },
  // An Android package begins as any Java archive does, if it was signed by its tools.
  { found: /^application\/java-archive$/, named: /^application\/vnd\.android\.package-archive$/ },
  // Documents of Office until 2003 and encrypted ones after it; installers (.msi).
  { found: /^application\/cfb$/, named: COMPOUND_FILE },
  { found: /^application\/gzip$/, named: /^(image\/svg\+xml|.*\+gzip)$/ },
  { found: /^application\/xml$/, named: /\+xml$|^application\/xml-dtd$/ },
  // Illustrator writes PDF, browsers' icons are often PNG.
  { found: /^application\/pdf$/, named: /^application\/postscript$/ },
  { found: /^image\/png$/, named: /^image\/icon$/ },
  // Which of them a file is, its brand says at most, often wrongly.
  alike(/^(video|audio|application)\/(mp4|m4a|m4v|f4v|quicktime|3gpp2?|iso\.segment)$/),
  alike(/^image\/(hei[cf](-sequence)?|avif)$/),
  alike(/^((audio|video|application)\/ogg|audio\/(opus|speex|vorbis))$/),
  alike(/^(audio|video)\/(webm|matroska)$/),
  alike(/^(audio|video|application)\/(ms-asf|ms-wm[av]|vnd\.ms-asf)$/),
  alike(/^image\/a?png$/),
  alike(/^video\/(mpeg|ms-vob)$/),
  alike(/^application\/pgp-(keys|encrypted|signature)$/),
  // Comic books are archives of any kind.
  { found: /^application\/(rar-compressed|7z-compressed|tar)$/, named: /^application\/cbr$/ },
  // It has no signature, and begins as an icon does.
  { found: /^image\/icon$/, named: /^image\/tga$/ },
  // A frame around what is inside.
  { found: /^audio\/wav$/, named: /^audio\/mpeg$/ },
  alike(/^(text\/html|application\/xhtml\+xml)$/),
  // Raw images are TIFF; their own marks may stand behind the first bytes.
  { found: /^image\/tiff$/, named: /^image\/(adobe-dng|canon-cr2|nikon-nef|sony-arw)$/ },
  // A tag in front of the sound hides what follows.
  { found: /^audio\/mpeg$/, named: /^audio\/aac$/ },
  // Which says nothing but that they are bytes; of markup, browsers make more.
  { found: /^(?!text\/|.*xml$)/, named: /^application\/octet-stream$/ },
  // A text may begin as these do, and does no more harm for it.
  { found: /^text\/(calendar|vcard|vtt)$/, named: /^text\/(plain|markdown)$/ },
  // Which may have HTML in it, at its beginning as elsewhere.
  { found: /^(text\/html|application\/xml)$/, named: /^text\/markdown$/ },
];

/** Whether bytes of the type `found` are what an honest file has whose name says `named`. */
export function mayCarry(found: string, named: string): boolean {
  const [bytes, name] = [canonicalMimeType(found), canonicalMimeType(named)];
  if (bytes === name) return true;
  return CARRIERS.some((each) => each.found.test(bytes) && each.named.test(name));
}

const SIGNED = new Set([...supportedMimeTypes].map(canonicalMimeType));

// Recognised if they have a signature, which they need not: an XML declaration, a binary STL,
// a disk image whose signature is its last block.
const UNSIGNED =
  /^text\/|[/+]xml(-dtd)?$|^application\/octet-stream$|^model\/stl$|^image\/tga$|^application\/(apple-diskimage|pgp-.*|authorware-bin)$/;

/** Whether a file of the type can be told by its first bytes, so that other bytes are none. */
export function hasSignature(type: string): boolean {
  const name = canonicalMimeType(type);
  // Told by its first tag.
  if (name === 'image/svg+xml') return true;
  if (UNSIGNED.test(name)) return false;
  return SIGNED.has(name) || CARRIERS.some(({ named }) => named.test(name));
}
