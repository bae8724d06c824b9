import { resolve } from 'node:path';
import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { resolveKey, safeExtension } from '../../src/chunked-upload/storage/storage-key.js';
import { uploadKeys } from '../../src/chunked-upload/storage/upload-keys.js';

describe('resolveKey', () => {
  it.each([
    ['a/b/c.bin', '/root/a/b/c.bin'],
    ['a/../b', '/root/b'],
    ['..a', '/root/..a'],
  ])('%s lies below the root', (key, path) => {
    expect(resolveKey('/root', key)).toBe(path);
  });

  it.each(['', '.', '..', '../x', 'a/../..', 'a/../../root2/x', '/etc/passwd', '/root/a', 'a\0b'])(
    '%j is refused',
    (key) => {
      expect(() => resolveKey('/root', key)).toThrow(TypeError);
    },
  );

  it('never leaves the root, whatever the key', () => {
    const segment = fc.oneof(fc.constantFrom('..', '.', '', '~', '/'), fc.string());
    fc.assert(
      fc.property(fc.array(segment), (segments) => {
        let path: string;
        try {
          path = resolveKey('/some/root', segments.join('/'));
        } catch (error) {
          expect(error).toBeInstanceOf(TypeError);
          return;
        }
        expect(resolve(path)).toBe(path);
        expect(path.startsWith('/some/root/')).toBe(true);
      }),
    );
  });

  it('works for the root of the file system, and a relative one', () => {
    expect(resolveKey('/', 'a')).toBe('/a');
    expect(resolveKey('media', 'a')).toBe(resolve('media/a'));
  });
});

describe('safeExtension', () => {
  it.each([
    ['a.mp4', '.mp4'],
    ['a.tar.GZ', '.gz'],
    ['a.jpg.php', '.php'],
    ['.htaccess', ''],
    ['..bin', ''],
    ['a', ''],
    ['a.', ''],
    ['a.b c', ''],
    ['a.b/c', ''],
    ['a.b\0', ''],
    ['a.extensionoftoomany', ''],
  ])('of %j is %j', (name, extension) => {
    expect(safeExtension(name)).toBe(extension);
  });
});

describe('uploadKeys', () => {
  const options = { uploadPath: 'up/%Y', incompleteExt: '.part', completeExt: '.done' };

  it('hold nothing of the client but a cleaned extension', () => {
    const year = new Date().getUTCFullYear();
    expect(uploadKeys(options, 'ID', '../../etc/x.SH')).toEqual({
      key: `up/${year}/ID.part.sh`,
      finalKey: `up/${year}/ID.done.sh`,
    });
  });

  it('never lead out of the root, whatever the name', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'binary' }), (name) => {
        const { key } = uploadKeys(options, 'ID', name);
        expect(key).toMatch(/^up\/\d{4}\/ID\.part(\.[a-z0-9]{1,16})?$/);
      }),
    );
  });
});
