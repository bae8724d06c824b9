import { describe, expect, it } from 'vitest';
import { checkFilename } from '../../src/chunked-upload/filename.js';
import {
  dispositionFilename,
  lastSegment,
} from '../../src/chunked-upload/protocols/http/filename.js';

describe('checkFilename', () => {
  it.each([
    [' a.txt ', 'a.txt'],
    ['...', '...'],
    ['a/b', 'a/b'],
    ['x'.repeat(255), 'x'.repeat(255)],
    ['📁'.repeat(255), '📁'.repeat(255)],
    ['lone \uD800 surrogate', 'lone \uFFFD surrogate'],
  ])('%j is kept as %j', (given, kept) => {
    expect(checkFilename(given)).toBe(kept);
  });

  it.each([null, undefined, 7, '', ' \t\n', 'a\0', '.', ' .. ', 'x'.repeat(256)])(
    '%j is refused',
    (given) => {
      expect(() => checkFilename(given)).toThrow(
        expect.objectContaining({
          code: 'invalid_field',
          detail: { filename: [expect.any(String)] },
        }),
      );
    },
  );
});

describe('lastSegment', () => {
  it.each([
    ['a.txt', 'a.txt'],
    ['C:\\fakepath\\a.txt', 'a.txt'],
    ['../../a.txt', 'a.txt'],
    ['a/b\\c', 'c'],
    ['a/', ''],
    ['..', '..'],
  ])('of %j is %j', (name, segment) => {
    expect(lastSegment(name)).toBe(segment);
  });
});

describe('dispositionFilename', () => {
  it.each([
    [undefined, null],
    ['attachment', null],
    ['=;=', null],
    ['attachment; filename="a b.txt"', 'a b.txt'],
    ['attachment; filename="a%20b.txt"', 'a b.txt'],
    ['attachment; filename="%zz.txt"', '%zz.txt'],
    [`attachment; filename*=UTF-8''%E2%82%AC.txt`, '€.txt'],
    [`attachment; filename*=UTF-8''100%2520.txt`, '100%20.txt'],
    ['form-data; name="file"; filename="dir/a.txt"', 'a.txt'],
    ['attachment; filename="na\xEFve.txt"', 'naïve.txt'],
    [Buffer.from('attachment; filename="naïve 📁.txt"').toString('latin1'), 'naïve 📁.txt'],
    [Buffer.from('attachment; filename=문서 보고서.txt').toString('latin1'), '문서 보고서.txt'],
    [`attachment; filename="x"; filename*=iso-8859-1''na%EFve.txt`, 'naïve.txt'],
    [`attachment; filename="x"; filename*=nonsense`, 'x'],
  ])('%s names %j', (header, name) => {
    expect(dispositionFilename(header)).toBe(name);
  });
});
