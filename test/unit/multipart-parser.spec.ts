import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { MultipartParser } from '../../src/chunked-upload/protocols/http/multipart-parser.js';
import { expectInTime } from '../support/in-time.js';
import { processorTime } from '../support/waiting.js';

interface Part {
  header: string;
  content: string;
  ended: boolean;
}

/** What a form consists of that comes in these pieces. */
function parse(boundary: string, pieces: Iterable<Uint8Array>): Part[] {
  const parts: Part[] = [];
  const last = () => parts.at(-1) as Part;
  const parser = new MultipartParser(boundary, {
    skip: () => undefined,
    begin: (header) => parts.push({ header, content: '', ended: false }),
    content: (bytes) => {
      last().content += Buffer.from(bytes).toString('latin1');
    },
    end: () => {
      last().ended = true;
    },
  });
  for (const piece of pieces) parser.write(piece);
  parser.end();
  return parts;
}

/** As one piece, and byte by byte. */
function parsed(form: string, boundary = 'b'): Part[] {
  const bytes = Buffer.from(form, 'latin1');
  const whole = parse(boundary, [bytes]);
  expect(
    parse(
      boundary,
      Array.from(bytes, (byte) => Buffer.from([byte])),
    ),
  ).toEqual(whole);
  return whole;
}

const part = (content: string, header = 'A: 1\r\n'): Part => ({ header, content, ended: true });

describe('A multipart body', () => {
  it.each([
    ['as browsers write it', '--b\r\nA: 1\r\n\r\none\r\n--b\r\nA: 1\r\n\r\ntwo\r\n--b--\r\n'],
    [
      'with blanks behind its boundaries',
      '--b \t\r\nA: 1\r\n\r\none\r\n--b\t\r\nA: 1\r\n\r\ntwo\r\n--b-- \r\n',
    ],
    ['with a preamble', 'Hello.\r\n--b\r\nA: 1\r\n\r\none\r\n--b\r\nA: 1\r\n\r\ntwo\r\n--b--'],
    [
      'with an empty line in front',
      '\r\n--b\r\nA: 1\r\n\r\none\r\n--b\r\nA: 1\r\n\r\ntwo\r\n--b--',
    ],
    ['with an epilogue', '--b\r\nA: 1\r\n\r\none\r\n--b\r\nA: 1\r\n\r\ntwo\r\n--b--\r\n--b\r\nx'],
  ])('%s', (_, form) => {
    expect(parsed(form)).toEqual([part('one'), part('two')]);
  });

  it('has parts without headers, without content, and without both', () => {
    expect(parsed('--b\r\n\r\none\r\n--b--')).toEqual([part('one', '')]);
    expect(parsed('--b\r\nA: 1\r\n\r\n\r\n--b--')).toEqual([part('')]);
    // The empty line that ends the headers may be that of the boundary (RFC 2046, section 5.1.1).
    expect(parsed('--b\r\nA: 1\r\n\r\n--b--')).toEqual([part('')]);
    expect(parsed('--b\r\n\r\n--b--')).toEqual([part('', '')]);
    expect(parsed('--b--')).toEqual([]);
  });

  it.each([
    '\r\n--a\r\n',
    '\r\n-b',
    '\r\r\n\r\n-',
    '\r\n--bb',
    '\r\n--b-',
    '\r\n--b-x',
    '\r',
    '\r\n--',
    '\n--b\r\n',
    '\r\n--\r\n--',
  ])('keeps %j, which looks like a boundary', (content) => {
    expect(parsed(`--b\r\nA: 1\r\n\r\n ${content}\r\n--b--`)).toEqual([part(` ${content}`)]);
    expect(parsed(`--b\r\nA: 1\r\n\r\n${content} \r\n--b--`).at(0)?.ended).toBe(true);
  });

  it.each([
    ['nothing', ''],
    ['no boundary', 'no form at all'],
    ['the first boundary alone', '--b\r\n'],
    ['no last boundary', '--b\r\nA: 1\r\n\r\none'],
    ['half of the last boundary', '--b\r\nA: 1\r\n\r\none\r\n--b-'],
    ['an unfinished header', '--b\r\nA: 1\r\n'],
    [
      'something behind the blanks of a boundary',
      '--b\r\nA: 1\r\n\r\none\r\n--b x\r\n\r\n\r\n--b--',
    ],
    ['half a line end behind a boundary', '--b\r\nA: 1\r\n\r\none\r\n--b\rx\r\n--b--'],
    ['a header that is too long', `--b\r\nA: ${'x'.repeat(16 * 1024)}\r\n\r\none\r\n--b--`],
  ])('with %s is none', (_, form) => {
    expect(() => parse('b', [Buffer.from(form)])).toThrow();
    expect(() =>
      parse(
        'b',
        Array.from(Buffer.from(form), (byte) => Buffer.from([byte])),
      ),
    ).toThrow();
  });

  it('is the same, however it is cut', () => {
    const lookalikes = ['\r\n--b', '\r\n--b-bybx', '\r\n--b-byb-x', '\r\n--b-byb-\r\n--b'];
    const noise = fc.array(fc.constantFrom('\r', '\n', '-', 'b', 'x', '\r\n', ...lookalikes), {
      maxLength: 30,
    });
    fc.assert(
      fc.property(
        fc.array(noise, { minLength: 1, maxLength: 4 }),
        fc.array(fc.integer({ min: 1, max: 12 }), { minLength: 1, maxLength: 40 }),
        (contents, cuts) => {
          const boundary = 'b-byb';
          const texts = contents.map((each) => each.join(''));
          const form = texts.map((text) => `--${boundary}\r\nA: 1\r\n\r\n${text}\r\n`).join('');
          const bytes = Buffer.from(`${form}--${boundary}--\r\n`);
          const pieces: Buffer[] = [];
          for (let at = 0, cut = 0; at < bytes.length; cut += 1) {
            const length = cuts[cut % cuts.length] ?? 1;
            pieces.push(bytes.subarray(at, at + length));
            at += length;
          }
          expect(parse(boundary, pieces)).toEqual(texts.map((text) => part(text)));
        },
      ),
      { numRuns: 500 },
    );
  });

  it.each([
    ['no boundary: a letter is missing', 'b'.repeat(70), `\r\n--${'b'.repeat(69)}`],
    ['no boundary: a letter stands behind it', 'x', '\r\n--xa'],
    ['no boundary: a dash stands behind it', 'x', '\r\n--x-a'],
    ['no boundary of dashes', '-', '\r\n---a'],
    ['no boundary, further apart', 'x', `\r\n--xa${'.'.repeat(100)}`],
    ['line breaks', 'x', '\r\n'],
    ['half line breaks', 'x', '\r'],
    ['dashes', '-', '-'],
  ])('takes little time for %s', async (_, boundary, text) => {
    const bytes = Buffer.from(text.repeat((8 * 1024 * 1024) / text.length));
    for (const head of ['', `--${boundary}\r\n\r\n`]) {
      let given = 0;
      const parser = new MultipartParser(boundary, {
        skip: () => undefined,
        begin: () => undefined,
        content: () => {
          given += 1;
        },
        end: () => undefined,
      });
      parser.write(Buffer.from(head));
      const ms = await processorTime(() => {
        for (let at = 0; at < bytes.length; at += 65_536) {
          parser.write(bytes.subarray(at, at + 65_536));
        }
      });
      expectInTime(ms, 1000);
      // Whoever takes it has work with each: a piece is given as it came, but for its ends.
      expect(given).toBeLessThan(4 * 128);
    }
  });
});
