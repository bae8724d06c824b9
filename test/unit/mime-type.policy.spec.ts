import { lookup } from 'mime-types';
import { describe, expect, it } from 'vitest';
import { detectMimeType } from '../../src/chunked-upload/mime-type/detect-mime-type.js';
import { MimeTypePolicy } from '../../src/chunked-upload/policies/mime-type.policy.js';
import type { PolicyStage } from '../../src/chunked-upload/policies/upload.policy.js';
import { SAMPLES, isoMedia } from '../support/file-samples.js';
import { ODD_FILES } from '../support/odd-files.js';

const HTML = Buffer.from('<!doctype html><script>alert(1)</script>');
const SVG = Buffer.from('<?xml version="1.0"?><svg xmlns="http://www.w3.org/2000/svg"/>');
const XML = Buffer.from('<?xml version="1.0"?><gpx/>');
const TEXT = Buffer.from('Dear all');
const EMPTY = Buffer.alloc(0);
const RANDOM = Buffer.from(Array.from({ length: 4096 }, (_, at) => (at * 167 + 13) % 256));

async function judge(
  filename: string,
  bytes: Uint8Array,
  allowed: readonly string[],
  stage: PolicyStage = 'first-bytes',
) {
  const mimeType = await detectMimeType(bytes);
  return new MimeTypePolicy(allowed).check({ stage, filename, mimeType });
}

describe('MimeTypePolicy by name', () => {
  const check = (filename: string, allowed: string[], stage: PolicyStage = 'begin') =>
    new MimeTypePolicy(allowed).check({ stage, filename, mimeType: null });

  it.each(['begin', 'first-bytes', 'chunk', 'complete'] as const)(
    'refuses the name of another type at the stage %s',
    (stage) => {
      expect(check('a.html', ['video/mp4', 'image/*'], stage)).toBe(
        'Files of the type "text/html" are not allowed; allowed are video/mp4, image/*.',
      );
    },
  );

  it.each([
    ['a.mp4', 'video/mp4'],
    ['A.MP4', 'video/mp4'],
    ['a.mp4', 'video/*'],
    ['a.jpg', 'image/jpeg'],
    ['a.jpg', 'image/jpg'],
    ['a.wav', 'audio/x-wav'],
    ['a.mp3', 'audio/mp3'],
    ['a.mkv', 'video/matroska'],
    ['a.mkv', 'video/x-matroska'],
    ['a.xml', 'text/xml'],
    ['a.rtf', 'text/rtf'],
    ['a.avi', 'video/vnd.avi'],
    ['a.js', 'application/javascript'],
    ['a.tgz', 'application/gzip'],
    ['a.tar.gz', 'application/gzip'],
    ['a.ico', 'image/x-icon'],
    ['a.exe', 'application/x-msdownload'],
    ['a.unheard-of', '*/*'],
    ['a', '*/*'],
  ])('agrees to %s where %s is allowed', (filename, allowed) => {
    expect(check(filename, [allowed])).toBeNull();
  });

  it.each([
    ['a.mp4.html', 'video/mp4'],
    ['a.mp3', 'audio/mp4'],
    ['a.png', 'image/pn'],
    ['a.png', 'text/*'],
    ['a.svg', 'image/png'],
    ['a.mov', 'video/mp4'],
  ])('refuses %s where %s is allowed', (filename, allowed) => {
    expect(check(filename, [allowed])).toMatch(/^Files of the type "/);
  });

  it.each([
    'mp4',
    '.mp4',
    'a',
    'a.mp4.',
    'a.unheard-of',
    'a.constructor',
    'a.__proto__',
    'a.m\u212Av',
  ])('refuses %j, which says no type', (filename) => {
    expect(check(filename, ['video/*', 'application/*'])).toBe(
      'Files whose name says no type are not allowed; allowed are video/*, application/*.',
    );
  });
});

describe('MimeTypePolicy by first bytes', () => {
  it.each([
    ['a.png', HTML, 'image/*', 'text/html'],
    ['a.txt', HTML, 'text/plain', 'text/html'],
    ['a.csv', HTML, 'text/csv', 'text/html'],
    ['a.xml', HTML, 'application/xml', 'text/html'],
    ['a.xml', SVG, 'application/xml', 'image/svg+xml'],
    ['a.png', SVG, 'image/png', 'image/svg+xml'],
    ['a.html', SVG, 'text/html', 'image/svg+xml'],
    ['a.txt', XML, 'text/plain', 'application/xml'],
    ['a.txt', SAMPLES.exe, 'text/plain', 'application/x-msdownload'],
    ['a.mp4', SAMPLES.exe, 'video/mp4', 'application/x-msdownload'],
    ['a.mp4', SAMPLES.webm, 'video/mp4', 'video/webm'],
    ['a.mp4', SAMPLES.heic, 'video/mp4', 'image/heic'],
    ['a.docx', SAMPLES.pdf, 'DOCX', 'application/pdf'],
    ['a.docx', SAMPLES.odt, 'DOCX', 'application/vnd.oasis.opendocument.text'],
    ['a.png', SAMPLES.zip, 'image/*', 'application/zip'],
    ['a.bin', HTML, 'application/octet-stream', 'text/html'],
    ['a.bin', SVG, 'application/octet-stream', 'image/svg+xml'],
    ['a.json', SAMPLES.gz, 'application/json', 'application/gzip'],
    ['a.pdf', Buffer.from(`${HTML.toString()}%PDF-1.7\n1 0 obj`), 'application/pdf', 'text/html'],
    ['a.pdf', SAMPLES.exe, 'application/pdf', 'application/x-msdownload'],
    ['a.csv', Buffer.from('<!-- --><x/>'), 'text/csv', 'application/xml'],
    ['a.zip', SAMPLES.exe, 'application/zip', 'application/x-msdownload'],
    ['a.mp4', isoMedia('heim'), 'video/mp4', 'image/heif'],
  ])('%s that is something else is refused (%#)', async (filename, bytes, given, found) => {
    const allowed = given === 'DOCX' ? (lookup('docx') as string) : given;
    const sentence = `Files whose content is of the type "${found}" are not allowed; allowed are ${allowed}.`;
    expect(await judge(filename, bytes, [allowed])).toBe(sentence);
    expect(await judge(filename, bytes, [allowed], 'chunk')).toBe(sentence);
    expect(await judge(filename, bytes, [allowed], 'complete')).toBe(sentence);
    expect(await judge(filename, bytes, [allowed, found])).toBeNull();
  });

  it.each(['mp4', 'png', 'jpg', 'pdf', 'docx', 'xls', 'zip', 'webm', 'm4a', 'mp3', 'svg', 'epub'])(
    'bytes that say nothing are no .%s',
    async (extension) => {
      const type = lookup(extension) as string;
      for (const bytes of [RANDOM, TEXT, EMPTY, Buffer.from([0x89])]) {
        for (const stage of ['first-bytes', 'complete'] as const) {
          expect(await judge(`a.${extension}`, bytes, [type], stage)).toBe(
            `The content of this file is not of the type "${type}", as its name says.`,
          );
        }
      }
    },
  );

  it('bytes that nobody has looked at yet are not judged', async () => {
    expect(await judge('a.png', EMPTY, ['image/png'], 'begin')).toBeNull();
    expect(await judge('a.png', EMPTY, ['image/png'], 'chunk')).toBeNull();
  });

  it.each([
    'txt',
    'csv',
    'json',
    'md',
    'css',
    'js',
    'html',
    'xml',
    'gpx',
    'ics',
    'stl',
    'bin',
    'iso',
  ])('a .%s may have bytes that say nothing', async (extension) => {
    const type = lookup(extension) as string;
    for (const bytes of [TEXT, EMPTY, RANDOM]) {
      expect(await judge(`a.${extension}`, bytes, [type])).toBeNull();
    }
  });

  it('*/* allows everything', async () => {
    expect(await judge('a.png', HTML, ['*/*'])).toBeNull();
    expect(await judge('a.png', RANDOM, ['*/*'])).toBeNull();
  });
});

describe('MimeTypePolicy is fair to honest files', () => {
  it.each([
    ['docx', SAMPLES.docx],
    ['docx', SAMPLES.docxTypesLast],
    ['xlsx', SAMPLES.zip],
    ['pptx', SAMPLES.zip],
    ['docm', SAMPLES.zip],
    ['odt', SAMPLES.odt],
    ['odt', SAMPLES.zip],
    ['epub', SAMPLES.epub],
    ['epub', SAMPLES.zip],
    ['jar', SAMPLES.jar],
    ['jar', SAMPLES.zip],
    ['apk', SAMPLES.jar],
    ['apk', SAMPLES.zip],
    ['kmz', SAMPLES.zip],
    ['zip', SAMPLES.zip],
    ['zip', SAMPLES.jar],
    ['zip', SAMPLES.docx],
    ['doc', SAMPLES.doc],
    ['xls', SAMPLES.doc],
    ['ppt', SAMPLES.doc],
    ['msg', SAMPLES.doc],
    ['docx', SAMPLES.doc],
    ['mp4', SAMPLES.mp4],
    ['mp4', SAMPLES.mp42],
    ['mp4', SAMPLES.m4v],
    ['mp4', SAMPLES.mov],
    ['mov', SAMPLES.mov],
    ['mov', SAMPLES.mp4],
    ['m4v', SAMPLES.mp42],
    ['m4a', SAMPLES.m4a],
    ['m4a', SAMPLES.mp42],
    ['3gp', SAMPLES['3gp']],
    ['3gp', SAMPLES.mp4],
    ['heic', SAMPLES.heic],
    ['heic', SAMPLES.mif1],
    ['avif', SAMPLES.mif1],
    ['webm', SAMPLES.webm],
    ['mkv', SAMPLES.mkv],
    ['mkv', SAMPLES.webm],
    ['ogg', SAMPLES.ogg],
    ['opus', SAMPLES.opus],
    ['ogv', SAMPLES.ogv],
    ['oga', SAMPLES.opus],
    ['mp3', SAMPLES.mp3],
    ['mp3', SAMPLES.mp3WithPadding],
    ['mp3', SAMPLES.mp3WithCover],
    ['wav', SAMPLES.wav],
    ['wav', SAMPLES.wavBeyond4GiB],
    ['flac', SAMPLES.flac],
    ['png', SAMPLES.png],
    ['jpg', SAMPLES.jpeg],
    ['jfif', SAMPLES.jpeg],
    ['gif', SAMPLES.gif],
    ['webp', SAMPLES.webp],
    ['bmp', SAMPLES.bmp],
    ['ico', SAMPLES.ico],
    ['ico', SAMPLES.png],
    ['tif', SAMPLES.tiff],
    ['dng', SAMPLES.tiff],
    ['pdf', SAMPLES.pdf],
    ['ai', SAMPLES.pdf],
    ['rtf', SAMPLES.rtf],
    ['gz', SAMPLES.gz],
    ['svgz', SAMPLES.gz],
    ['tar', SAMPLES.tar],
    ['exe', SAMPLES.exe],
    ['bin', SAMPLES.exe],
    ['dtd', XML],
    ['dtd', TEXT],
    ['svg', SVG],
    ['html', HTML],
    ['xhtml', HTML],
    ['gpx', XML],
    ['svg', XML],
    ['txt', Buffer.from('BEGIN:VCARD\nN:A')],
    ['vcf', Buffer.from('BEGIN:VCARD\nN:A')],
    ['csv', Buffer.from('BMW,320i')],
  ])('a .%s (%#)', async (extension, bytes) => {
    const type = lookup(extension) as string;
    expect(await judge(`a.${extension}`, bytes, [type])).toBeNull();
    expect(
      await judge(`a.${extension}`, bytes, [type.replace(/\/.*/, '/*')], 'complete'),
    ).toBeNull();
  });

  it.each(ODD_FILES)('a .%s %s', async (extension, _, bytes) => {
    const type = lookup(extension) as string;
    expect(await judge(`a.${extension}`, bytes, [type])).toBeNull();
    // Also as the beginning of a long one.
    const long = Buffer.concat([bytes, Buffer.alloc(9000, 1)]);
    if (!/^(ts|m2ts)$/.test(extension)) {
      expect(await judge(`a.${extension}`, long, [type])).toBeNull();
    }
  });

  it('a compressed archive', async () => {
    expect(await judge('a.tgz', SAMPLES.gz, ['application/gzip'])).toBeNull();
    expect(await judge('a.tar.gz', SAMPLES.gz, ['application/x-gzip'])).toBeNull();
  });
});
