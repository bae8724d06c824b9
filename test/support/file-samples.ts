/** Beginnings of files, made byte by byte as the programs that write them do. */

const latin1 = (text: string): Buffer => Buffer.from(text, 'latin1');

/** `length` bytes after the head, the same each time, among them control characters. */
function filled(head: Buffer, length = 600): Buffer {
  const rest = Buffer.alloc(length, 0);
  for (let at = 0; at < length; at++) rest[at] = (at * 31 + 7) % 251;
  return Buffer.concat([head, rest]);
}

/** The local header of a member of a ZIP, and its bytes as they are. */
export function zipMember(name: string, content: Buffer | string = ''): Buffer {
  const bytes = Buffer.from(content);
  const header = Buffer.alloc(30);
  header.writeUInt32BE(0x504b0304, 0);
  header.writeUInt16LE(20, 4);
  header.writeUInt32LE(bytes.length, 18);
  header.writeUInt32LE(bytes.length, 22);
  header.writeUInt16LE(name.length, 26);
  return Buffer.concat([header, Buffer.from(name), bytes]);
}

export function isoMedia(brand: string): Buffer {
  return filled(
    Buffer.concat([latin1('\0\0\0\x18ftyp'), latin1(brand), latin1('\0\0\x02\0isommp41')]),
  );
}

function ebml(documentType: string): Buffer {
  const type = latin1(documentType);
  const element = Buffer.concat([latin1('\x42\x82'), Buffer.from([0x80 | type.length]), type]);
  return filled(
    Buffer.concat([latin1('\x1A\x45\xDF\xA3'), Buffer.from([0x80 | element.length]), element]),
  );
}

function ogg(codec: string): Buffer {
  return filled(Buffer.concat([latin1('OggS\0\x02'), Buffer.alloc(22), latin1(codec)]));
}

function tar(): Buffer {
  const header = Buffer.alloc(512);
  header.write('a.txt', 0);
  header.write('ustar\x0000', 257, 'latin1');
  return header;
}

const CONTENT_TYPES =
  '<?xml version="1.0"?><Types><Override PartName="/word/document.xml" ContentType="application/vnd.openxmlformats-officedocument.wordprocessingml.document.main+xml"/></Types>';

export const SAMPLES = {
  png: filled(
    latin1(
      '\x89PNG\r\n\x1A\n\0\0\0\rIHDR\0\0\0\x01\0\0\0\x01\x08\x02\0\0\0\x90\x77\x53\xDE\0\0\0\x0CIDAT',
    ),
  ),
  jpeg: filled(latin1('\xFF\xD8\xFF\xE0\0\x10JFIF\0\x01')),
  gif: filled(latin1('GIF89a\x01\0\x01\0\x80\0\0')),
  webp: filled(latin1('RIFF\x24\0\0\0WEBPVP8 ')),
  bmp: filled(latin1('BM\x36\0\0\0\0\0\0\0\x36\0\0\0')),
  tiff: filled(latin1('II*\0\xFF\xFF\x7F\0'), 8000),
  ico: filled(latin1('\0\0\x01\0\x01\0\x10\x10')),
  pdf: latin1('%PDF-1.7\n1 0 obj\n<< /Type /Catalog >>\nendobj\n'),
  zip: zipMember('holiday/a.txt', 'Sun.'),
  docx: Buffer.concat([
    zipMember('[Content_Types].xml', CONTENT_TYPES),
    zipMember('word/document.xml', '<w:document/>'),
  ]),
  docxTypesLast: filled(zipMember('word/media/image1.png', Buffer.alloc(6000, 1))),
  odt: zipMember('mimetype', 'application/vnd.oasis.opendocument.text'),
  epub: zipMember('mimetype', 'application/epub+zip'),
  jar: zipMember('META-INF/MANIFEST.MF', 'Manifest-Version: 1.0\r\n'),
  doc: filled(latin1('\xD0\xCF\x11\xE0\xA1\xB1\x1A\xE1')),
  gz: filled(latin1('\x1F\x8B\x08\0\0\0\0\0\0\x03')),
  tar: tar(),
  mp4: isoMedia('isom'),
  mp42: isoMedia('mp42'),
  mov: isoMedia('qt  '),
  m4a: isoMedia('M4A '),
  m4v: isoMedia('M4V '),
  heic: isoMedia('heic'),
  mif1: isoMedia('mif1'),
  '3gp': isoMedia('3gp4'),
  webm: ebml('webm'),
  mkv: ebml('matroska'),
  mp3: filled(latin1('\xFF\xFB\x90\x64\0\0\0\0')),
  mp3WithPadding: filled(Buffer.concat([latin1('ID3\x04\0\0\0\0\0\x0A'), Buffer.alloc(50)]), 0),
  mp3WithCover: filled(latin1('ID3\x03\0\0\0\x7F\x7F\x7FAPIC'), 8000),
  wav: filled(latin1('RIFF\x24\0\0\0WAVEfmt ')),
  wavBeyond4GiB: filled(latin1('RF64\xFF\xFF\xFF\xFFWAVEds64')),
  flac: filled(latin1('fLaC\0\0\0\x22')),
  ogg: ogg('\x01vorbis'),
  opus: ogg('OpusHead'),
  ogv: ogg('\x80theora'),
  exe: filled(latin1('MZ\x90\0\x03\0\0\0\x04')),
  rtf: latin1('{\\rtf1\\ansi Hello}'),
} as const;

/** With its byte order mark. */
export function utf16(text: string, order: 'le' | 'be' = 'le'): Buffer {
  const bytes = Buffer.from(`\uFEFF${text}`, 'utf16le');
  return order === 'le' ? bytes : bytes.swap16();
}
