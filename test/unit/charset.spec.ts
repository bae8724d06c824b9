import { describe, expect, it } from 'vitest';
import { fieldText, headerText } from '../../src/chunked-upload/protocols/http/charset.js';
import { parseUrlencoded } from '../../src/chunked-upload/protocols/http/urlencoded.js';

const latin1 = (text: string) => Buffer.from(text).toString('latin1');

describe('The text of a header', () => {
  it.each([
    ['plain.txt', 'plain.txt', null],
    [latin1('naïve 문서 📁'), 'naïve 문서 📁', null],
    ['na\xEFve', 'naïve', null],
    ['na\xEFve', 'naïve', 'iso-8859-1'],
    ['\xE1\xE2', 'АБ', 'koi8-r'],
    ['\x83e\x83X\x83g', 'テスト', 'shift_jis'],
    ['na\xEFve', 'naïve', 'no charset'],
    [latin1('naïve'), 'naïve', 'no charset'],
    ['already 문서', 'already 문서', null],
  ])('%j is %j', (given, text, charset) => {
    expect(headerText(given, charset)).toBe(text);
  });
});

describe('The value of a field', () => {
  const bytes = (text: string) => Buffer.from(text, 'latin1');

  it.each([
    [Buffer.from('naïve 📁'), null, 'naïve 📁'],
    [bytes('na\xEFve'), 'ISO-8859-1', 'naïve'],
    [bytes('\x83e\x83X\x83g'), 'Shift_JIS', 'テスト'],
    [Buffer.from('naïve', 'utf16le'), 'utf-16le', 'naïve'],
    [Buffer.from('\uFEFFa'), null, 'a'],
  ])('%# is read by its charset', (value, charset, text) => {
    expect(fieldText('filename', value, charset)).toBe(text);
  });

  it.each([
    [bytes('na\xEFve'), null, 'UTF-8'],
    [bytes('na\xEFve'), 'utf-8', 'utf-8'],
    [bytes('a'), 'no charset', 'no charset'],
    [bytes('\x83'), 'shift_jis', 'shift_jis'],
  ])('%# that is not in it is refused', (value, charset, named) => {
    expect(() => fieldText('filename', value, charset)).toThrow(
      expect.objectContaining({
        code: 'invalid_field',
        detail: { filename: [`This field is not in the charset ${named}.`] },
      }),
    );
  });
});

describe('An urlencoded form', () => {
  const read = (text: string, charset?: string) => [...parseUrlencoded(text, charset)];

  it.each([
    ['', []],
    [
      'a=1&b=2&&a=3&c&=d&e=f=g',
      [
        ['a', '1'],
        ['b', '2'],
        ['a', '3'],
        ['c', ''],
        ['', 'd'],
        ['e', 'f=g'],
      ],
    ],
    ['a=x+y%20z%2B', [['a', 'x y z+']]],
    [
      'a=100%&b=%zz&c=%',
      [
        ['a', '100%'],
        ['b', '%zz'],
        ['c', '%'],
      ],
    ],
    ['n%C3%A4=na%C3%AFve', [['nä', 'naïve']]],
    [latin1('a=naïve+📁'), [['a', 'naïve 📁']]],
    ['a=%EF%BF%BD', [['a', '\uFFFD']]],
    [
      '_charset_=iso-8859-1&a=na%EFve',
      [
        ['_charset_', 'iso-8859-1'],
        ['a', 'naïve'],
      ],
    ],
    [
      'a=na%EFve&_charset_=windows-1252',
      [
        ['a', 'naïve'],
        ['_charset_', 'windows-1252'],
      ],
    ],
    [
      '_charset_=&a=b',
      [
        ['_charset_', ''],
        ['a', 'b'],
      ],
    ],
  ])('%j is read as the standard says', (text, pairs) => {
    expect(read(text)).toEqual(pairs);
    if (!text.includes('_charset_')) expect(read(text, 'utf-8')).toEqual(pairs);
  });

  it('is read by the charset of its type', () => {
    expect(read('a=na%EFve', 'iso-8859-1')).toEqual([['a', 'naïve']]);
  });

  it.each(['a=na%EFve', 'a=na\xEFve', 'a=1&filename=%FF'])(
    '%j is no UTF-8, and refused',
    (text) => {
      expect(() => read(text)).toThrow(expect.objectContaining({ code: 'invalid_field' }));
    },
  );
});
