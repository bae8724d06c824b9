import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import {
  detectMimeType,
  FIRST_BYTES,
} from '../../src/chunked-upload/mime-type/detect-mime-type.js';
import { SAMPLES, utf16 } from '../support/file-samples.js';
import { expectInTime } from '../support/in-time.js';
import { processorTime } from '../support/waiting.js';

const SVG = 'image/svg+xml';
const HTML = 'text/html';
const XHTML = 'application/xhtml+xml';
const XML = 'application/xml';
const DECLARATION = '<?xml version="1.0" encoding="UTF-8"?>';

const detect = (file: Uint8Array | string) => detectMimeType(Buffer.from(file));

describe('detectMimeType by signature', () => {
  it.each([
    ['png', 'image/png'],
    ['jpeg', 'image/jpeg'],
    ['gif', 'image/gif'],
    ['webp', 'image/webp'],
    ['bmp', 'image/bmp'],
    ['tiff', 'image/tiff'],
    ['ico', 'image/x-icon'],
    ['pdf', 'application/pdf'],
    ['zip', 'application/zip'],
    ['docx', 'application/vnd.openxmlformats-officedocument.wordprocessingml.document'],
    ['docxTypesLast', 'application/zip'],
    ['odt', 'application/vnd.oasis.opendocument.text'],
    ['epub', 'application/epub+zip'],
    ['jar', 'application/java-archive'],
    ['doc', 'application/x-cfb'],
    ['gz', 'application/gzip'],
    ['tar', 'application/x-tar'],
    ['mp4', 'video/mp4'],
    ['mp42', 'video/mp4'],
    ['mov', 'video/quicktime'],
    ['m4a', 'audio/x-m4a'],
    ['heic', 'image/heic'],
    ['3gp', 'video/3gpp'],
    ['webm', 'video/webm'],
    ['mkv', 'video/matroska'],
    ['mp3', 'audio/mpeg'],
    ['mp3WithPadding', 'audio/mpeg'],
    ['mp3WithCover', 'audio/mpeg'],
    ['wav', 'audio/wav'],
    ['wavBeyond4GiB', 'audio/wav'],
    ['flac', 'audio/flac'],
    ['ogg', 'audio/ogg'],
    ['opus', 'audio/ogg'],
    ['ogv', 'video/ogg'],
    ['exe', 'application/x-msdownload'],
    ['rtf', 'application/rtf'],
  ] as const)('%s is %s, cut off or not', async (name, type) => {
    const whole = SAMPLES[name];
    expect(await detect(whole)).toBe(type);
    expect(await detect(Buffer.concat([whole, Buffer.alloc(9000, 1)]))).toBe(type);
  });

  it('sees a signature only when all of it has come', async () => {
    expect(await detect(SAMPLES.png.subarray(0, 3))).toBeNull();
    expect(await detect(SAMPLES.png.subarray(0, 8))).toBe('image/png');
    expect(await detect(SAMPLES.mp4.subarray(0, 7))).toBeNull();
    expect(await detect(SAMPLES.mp4.subarray(0, 16))).toBe('video/mp4');
  });

  it('reads a view into a larger buffer', async () => {
    const around = Buffer.concat([Buffer.alloc(100), SAMPLES.jpeg]);
    expect(await detectMimeType(around.subarray(100))).toBe('image/jpeg');
  });

  it.each([
    ['nothing', ''],
    ['one byte', '\x89'],
    ['text', 'Dear all,\nplease find the film attached.'],
    ['UTF-8', 'Grüße aus Zürich'],
    ['JSON', '{"a": [1, 2]}'],
    ['CSV that begins as a bitmap', 'BMW,320i\nVW,Golf'],
    ['text that begins as a program', 'MZ is short for Mark Zbikowski.'],
    ['text that begins as a model', 'solid ground under the feet'],
    ['a script', '#!/bin/sh\necho hello'],
    ['a text about PDF', 'A PDF begins with %PDF-1.7, and ends with %%EOF.'],
    ['a text about PDF, in lines', 'The first line is\n%PDF-1.7\nand the rest are objects.'],
    ['a PDF behind more than 1,024 bytes', `${' '.repeat(1025)}%PDF-1.7\n1 0 obj`],
    ['many letters G', 'G'.repeat(5000)],
  ])('says nothing of %s', async (_name, text) => {
    expect(await detect(text)).toBeNull();
  });

  it.each([
    ['UTF-16', utf16('Dear all')],
    ['big endian UTF-16', utf16('Dear all', 'be')],
    ['UTF-32', Buffer.from('\xFF\xFE\0\0D\0\0\0e\0\0\0', 'latin1')],
    ['NULs', Buffer.alloc(5000)],
  ])('says nothing of %s', async (_name, bytes) => {
    expect(await detect(bytes)).toBeNull();
  });
});

describe('detectMimeType of markup', () => {
  it.each([
    '<!DOCTYPE html><html>',
    '<!doctype HTML>',
    '<!DOCTYPE html PUBLIC "-//W3C//DTD XHTML 1.0 Strict//EN" "xhtml1-strict.dtd">',
    '<html lang="en">',
    '<HtMl>',
    '<html',
    ' \t\r\n\f<html>',
    '\uFEFF<html>',
    '\uFEFF\n <body onload=alert(1)>',
    '<script>alert(1)</script>',
    '<script/src=//x>',
    '<script\nsrc=x>',
    '<ScRiPt >alert(1)</script>',
    '<iframe src="javascript:alert(1)">',
    '<h1>Hi</h1>',
    '<a href=x>',
    '<b>',
    '<br/>',
    '<p>',
    '<table>',
    '<style>',
    '<title>',
    '<!-- a comment --><script>',
    '<!-- a comment --> and text',
    '<!-- one --> <!-- two --> <html>',
    '<!-->',
    '<?php echo 1; ?><html>',
  ])('%j is HTML', async (text) => {
    expect(await detect(text)).toBe(HTML);
    expect(await detect(`${text} ${' '.repeat(9000)}`)).toBe(HTML);
  });

  it.each(['le', 'be'] as const)('HTML and SVG are seen in UTF-16 %s', async (order) => {
    expect(await detect(utf16('\n<!doctype html><p>', order))).toBe(HTML);
    expect(await detect(utf16(`${DECLARATION}<svg onload="a()"/>`, order))).toBe(SVG);
    expect(await detect(utf16(`${DECLARATION}<note/>`, order))).toBe(XML);
  });

  it('HTML is seen although a signature stands behind', async () => {
    const tar = Buffer.from(SAMPLES.tar);
    tar.write('<html><script>alert(1)</script>', 0);
    expect(await detect(tar)).toBe(HTML);
  });

  it.each([
    '<svg xmlns="http://www.w3.org/2000/svg">',
    '<svg>',
    '<SVG onload=alert(1)>',
    '<svg/onload=alert(1)>',
    '\uFEFF \n<svg>',
    `${DECLARATION}<svg>`,
    `${DECLARATION}\n<!-- Generator: an editor -->\n<!-- more > -- -->\n<svg\n  width="1">`,
    `${DECLARATION}<?xml-stylesheet href="a.css"?><svg>`,
    '<!-- a comment --><svg>',
    '<!DOCTYPE svg PUBLIC "-//W3C//DTD SVG 1.1//EN" "http://www.w3.org/svg11.dtd"><svg>',
    `${DECLARATION}<!DOCTYPE svg [ <!ENTITY ns "http://x"> ]><svg>`,
    '<!DOCTYPE other [ <!ENTITY a "b"> ]> <svg>',
    `${DECLARATION}<s:svg xmlns:s="http://www.w3.org/2000/svg">`,
  ])('%j is SVG', async (text) => {
    expect(await detect(text)).toBe(SVG);
  });

  it.each([
    [`${DECLARATION}<html xmlns="http://www.w3.org/1999/xhtml">`, XHTML],
    [`${DECLARATION}<!DOCTYPE html><html>`, XHTML],
    [`${DECLARATION}<note><svg/></note>`, XML],
    [`${DECLARATION}<svgs/>`, XML],
    [`  ${DECLARATION}`, XML],
    ['<?xml', null],
    ['<note><html></note>', null],
    ['<abbr>', null],
    ['<x:a>', null],
    ['< html>', null],
    ['a <html>', null],
    ['<svgfoo>', null],
    ['<', null],
    ['<?', null],
  ])('%j is %s', async (text, type) => {
    expect(await detect(text)).toBe(type);
  });
});

describe('detectMimeType of markup whose beginning ends before its first tag', () => {
  const long = 'long '.repeat(2000);

  it.each([
    ['a comment', `<!-- ${long} --><svg>`, HTML],
    ['a comment of XML', `${DECLARATION}<!-- ${long} --><svg>`, XML],
    ['a document type of SVG', `<!DOCTYPE svg [ <!ENTITY a "${long}"> ]><svg>`, SVG],
    ['an instruction', `<?php ${long}`, null],
    ['blanks', `${' '.repeat(5000)}<html>`, null],
  ])('goes by %s', async (_name, text, type) => {
    expect(await detect(text)).toBe(type);
  });

  it('does not take long over hostile texts', async () => {
    const texts = ['<!---->', '<??>', '<!--', '<?', '<!doctype a[', '<!doctype a ', ' <', '<a:'];
    const ms = await processorTime(async () => {
      for (const text of texts) await detect(text.repeat(4096));
    });
    expectInTime(ms, 2000);
  });
});

describe('detectMimeType of anything', () => {
  const beginning = fc.constantFrom(
    ...Object.values(SAMPLES),
    ...['<!DOCTYPE svg [', '<?xml ', '<!--', '<', '\uFEFF', 'ID3', 'PK\x03\x04', 'OggS'].map(
      (text) => Buffer.from(text, 'latin1'),
    ),
  );

  it('never throws', async () => {
    await fc.assert(
      fc.asyncProperty(
        beginning,
        fc.nat({ max: 700 }),
        fc.uint8Array({ maxLength: FIRST_BYTES }),
        async (head, kept, rest) => {
          const type = await detect(Buffer.concat([head.subarray(0, kept), rest]));
          expect(type === null || /^[a-z]+\/[a-z0-9.+-]+$/.test(type)).toBe(true);
        },
      ),
      { numRuns: 300 },
    );
  });

  it('never throws at a sample with some bytes changed', async () => {
    const changes = fc.array(fc.tuple(fc.nat({ max: 120 }), fc.nat({ max: 255 })), {
      maxLength: 6,
    });
    await fc.assert(
      fc.asyncProperty(beginning, changes, async (head, list) => {
        const bytes = Buffer.from(head);
        for (const [at, value] of list) if (at < bytes.length) bytes[at] = value;
        await expect(detect(bytes)).resolves.not.toBeUndefined();
      }),
      { numRuns: 300 },
    );
  });

  it('looks at the first bytes alone, and changes none', async () => {
    const bytes = Buffer.concat([Buffer.alloc(FIRST_BYTES, ' '), Buffer.from('<html>')]);
    const copy = Buffer.from(bytes);
    expect(await detectMimeType(bytes)).toBeNull();
    expect(bytes.equals(copy)).toBe(true);
    expect(await detectMimeType(bytes.subarray(1))).toBeNull();
    expect(await detectMimeType(bytes.subarray(6))).toBe(HTML);
  });
});
