import { describe, expect, it } from 'vitest';
import { ExtensionPolicy } from '../../src/chunked-upload/policies/extension.policy.js';

const check = (filename: string, ...allowed: string[]) =>
  new ExtensionPolicy(allowed).check({ filename });

describe('ExtensionPolicy', () => {
  it.each([
    'a.png',
    'A.PNG',
    'holiday.2026.png',
    'a.php.png',
    '-rf.png',
    'CON.png',
    '日本.png',
    '\u202Egnp.png',
    '..a.png',
    'a..png',
    'folder/a.png',
    '__proto__.txt',
    'a b.txt',
  ])('agrees to %j', (filename) => {
    expect(check(filename, 'png', 'txt')).toBeNull();
  });

  it.each([
    ['a.exe', 'exe'],
    ['a.jpg.PHP', 'php'],
    ['a.png.php', 'php'],
    ['a.pngx', 'pngx'],
    ['a.xpng', 'xpng'],
    ['a.png ', 'png\uFFFD'],
    ['a.png\u200F', 'png\uFFFD'],
    ['a.\u202Egnp', '\uFFFDgnp'],
    ['a.png\0', 'png\uFFFD'],
    ['a.ｐｎｇ', 'ｐｎｇ'],
    ['a.pñg', 'pñg'],
    ['a.constructor', 'constructor'],
    ['a.__proto__', '__proto__'],
  ])('refuses %j for its %j', (filename, extension) => {
    expect(check(filename, 'png', 'txt')).toBe(
      `Files with the extension "${extension}" are not allowed; allowed are png, txt.`,
    );
  });

  it.each([
    'png',
    '.png',
    '...png',
    'a.png.',
    'a.png...',
    'a.',
    '',
    '.',
    'a.png/b',
    'a/.png',
    'a\\.png',
  ])('refuses %j, which has none', (filename) => {
    expect(check(filename, 'png')).toBe(
      'Files without an extension are not allowed; allowed are png.',
    );
  });

  it('takes no other letter for one that becomes it in lower case', () => {
    expect(check('a.m\u212Av', 'mkv')).not.toBeNull();
    expect(check('a.MKV', 'mkv')).toBeNull();
  });

  it.each([
    ['a.tar.gz', 'tar.gz', true],
    ['A.Tar.GZ', 'tar.gz', true],
    ['a.tar.gz', 'gz', true],
    ['a.gz', 'tar.gz', false],
    ['.tar.gz', 'tar.gz', false],
    ['atar.gz', 'tar.gz', false],
    ['a.tar.gz.exe', 'tar.gz', false],
    ['a.tarxgz', 'tar.gz', false],
  ])('%j may be uploaded where %j is allowed: %j', (filename, extension, agreed) => {
    expect(check(filename, extension) === null).toBe(agreed);
  });

  it('agrees to nothing where the list is empty', () => {
    expect(check('a.png')).toBe(
      'Files with the extension "png" are not allowed; allowed are none.',
    );
  });
});
