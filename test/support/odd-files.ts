import { SAMPLES, isoMedia, zipMember } from './file-samples.js';

// Beginnings of honest files that are not as most are: their programs open them all the same.

const latin1 = (text: string): Buffer => Buffer.from(text, 'latin1');

function behind(prefix: string | Buffer, file: Buffer): Buffer {
  return Buffer.concat([typeof prefix === 'string' ? latin1(prefix) : prefix, file]);
}

function box(type: string, length = 8): Buffer {
  const bytes = Buffer.alloc(length);
  bytes.writeUInt32BE(length, 0);
  bytes.write(type, 4, 'latin1');
  return bytes;
}

/** Frames of 128 kbit/s at 44.1 kHz, each of 417 bytes. */
function mp3Frames(count: number, header = [0xff, 0xfb, 0x90, 0x64], length = 417): Buffer {
  const frame = Buffer.alloc(length);
  Buffer.from(header).copy(frame);
  return Buffer.concat(Array<Buffer>(count).fill(frame));
}

function transportStream(packet: number, offset = 0): Buffer {
  const bytes = Buffer.alloc(packet * 30, 0x10);
  for (let at = 0; at < bytes.length; at += packet) bytes[at] = 0x47;
  return bytes.subarray(offset);
}

/** A head of a PDF that is all text, as many are in their first 4,096 bytes. */
const PDF = latin1('%PDF-1.7\n%\xE2\xE3\xCF\xD3\n1 0 obj\n<< /Type /Catalog >>\nendobj\n');
const POSTSCRIPT = latin1('%!PS-Adobe-3.0\n%%Title: a\n');

export const ODD_FILES: readonly [extension: string, what: string, bytes: Buffer][] = [
  ['pdf', 'with a line end in front', behind('\r\n', PDF)],
  ['pdf', 'with blanks in front', behind(' \t ', PDF)],
  ['pdf', 'with a byte order mark in front', behind('\xEF\xBB\xBF', PDF)],
  ['pdf', 'with two odd bytes in front', behind('\n\xF2\xC0', PDF)],
  [
    'pdf',
    "with a printer's commands in front",
    behind('\x1B%-12345X@PJL ENTER LANGUAGE=PDF\r\n', PDF),
  ],
  ['pdf', "with a server's header in front", behind('Content-Type: application/pdf\r\n\r\n', PDF)],
  ['pdf', 'with binary bytes in front', behind(Buffer.alloc(1000, 1), PDF)],
  ['ps', 'with the end of a line of printers in front', behind('\x04', POSTSCRIPT)],
  [
    'ps',
    "with a printer's commands in front",
    behind('\x1B%-12345X@PJL JOB\r\n@PJL ENTER LANGUAGE=POSTSCRIPT\r\n', POSTSCRIPT),
  ],
  ['eps', 'with a preview', latin1('\xC5\xD0\xD3\xC6\x1E\0\0\0\x64\0\0\0')],
  ['mp4', 'with room in front', Buffer.concat([box('free', 16), isoMedia('isom')])],
  ['mp4', 'with something to skip in front', Buffer.concat([box('skip', 16), isoMedia('isom')])],
  [
    'mp4',
    'with a mark of its program in front',
    Buffer.concat([box('uuid', 40), isoMedia('isom')]),
  ],
  ['mp4', 'that is a segment', Buffer.concat([box('styp', 24), box('moof', 100)])],
  ['m4s', 'that begins with its index', Buffer.concat([box('sidx', 44), box('moof', 100)])],
  ['mp4', 'whose index comes first', box('moov', 400)],
  ['mov', 'without a brand', Buffer.concat([box('wide'), box('mdat', 400)])],
  ['mov', 'with a preview', Buffer.concat([box('pnot', 20), box('PICT', 400)])],
  ['heic', 'of several layers', isoMedia('heim')],
  ['heic', 'by its format alone', isoMedia('miaf')],
  ['heif', 'with pictures in JPEG', isoMedia('jpeg')],
  ['mp3', 'without a tag', mp3Frames(10)],
  ['mp3', 'with zeros in front', behind(Buffer.alloc(500), mp3Frames(10))],
  ['mp3', 'cut from a stream', mp3Frames(10).subarray(100)],
  ['mp3', 'of a low rate', behind('\0', mp3Frames(10, [0xff, 0xf3, 0x48, 0xc4], 144))],
  ['mp2', 'cut from a stream', mp3Frames(10, [0xff, 0xfd, 0x80, 0x04], 417).subarray(100)],
  ['mp3', 'in a frame of a WAV', SAMPLES.wav],
  ['ts', 'as broadcast', transportStream(188)],
  ['ts', 'cut from a stream', transportStream(188, 50)],
  ['ts', 'with error correction', transportStream(204)],
  ['m2ts', 'of a disc', transportStream(192, 188)],
  ['vob', 'of a disc', latin1('\0\0\x01\xBA\x44\0\x04\0\x04\x01')],
  ['zip', 'meant for several disks', behind('PK00', zipMember('a.txt', 'Sun.'))],
  ['cbz', 'of comics', SAMPLES.zip],
  ['cbr', 'of comics', latin1('Rar!\x1A\x07\x01\0')],
  ['xps', 'of documents', SAMPLES.zip],
  ['oxps', 'of documents', SAMPLES.zip],
  ['msix', 'of programs', SAMPLES.zip],
  ['appx', 'of programs', SAMPLES.zip],
  ['aab', 'of programs', SAMPLES.zip],
  ['mxl', 'of scores', SAMPLES.zip],
  ['tga', 'that begins as an icon', latin1('\0\0\x02\0\0\0\0\0\0\0\0\0\x0A\0\x0A\0\x18\0')],
  ['tga', 'that does not', latin1('\0\0\x0A\0\0\0\0\0\0\0\0\0\x0A\0\x0A\0\x18\0')],
  ['asc', 'with a message', latin1('-----BEGIN PGP MESSAGE-----\n\nabc')],
  ['asc', 'with a key', latin1('-----BEGIN PGP PUBLIC KEY BLOCK-----\n\nabc')],
  ['xml', 'that begins with a comment', latin1('<!-- by hand -->\n<feed><a/></feed>')],
  ['gpx', 'that begins with a comment', latin1('<!-- by hand -->\n<gpx/>')],
  ['md', 'that begins with HTML', latin1('<h1 align="center">Read me</h1>\n\n# Begin')],
  ['md', 'that begins with a comment', latin1('<!-- toc -->\n<details><summary>More</summary>')],
];
