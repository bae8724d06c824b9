import { describe, expect, it } from 'vitest';
import type { ChunkedUploadTypeOptions } from '../../src/chunked-upload/chunked-upload.options.js';
import { LocalDiskStorage } from '../../src/chunked-upload/storage/local-disk.storage.js';
import { draftUploadType } from '../../src/chunked-upload/upload-type/upload-type.factory.js';

// What a wrong option says when an application starts: test/e2e/options.spec.ts.

describe('draftUploadType', () => {
  it("fills in the contract's defaults", () => {
    const type = draftUploadType('uploads', {});
    expect(type).toMatchObject({
      path: 'uploads',
      uploadPath: 'chunked_uploads/%Y/%m/%d',
      incompleteExt: '.part',
      completeExt: '.done',
      expiresInMs: 86_400_000,
      rollingExpiry: false,
      leaseMs: 10_000,
      userRestricted: true,
      minBytes: 0,
      maxBytes: null,
      fieldName: 'file',
      checksum: { algorithm: 'md5' },
      onComplete: null,
    });
    expect(type.storage).toBeInstanceOf(LocalDiskStorage);
  });

  it('knows the caller by request.user.id', () => {
    const { user } = draftUploadType('uploads', {});
    const ask = (request: object) => user(request as never);
    expect([ask({ user: { id: 7 } }), ask({ user: {} }), ask({})]).toEqual([7, null, null]);
  });

  it.each([
    [5000, 5000],
    ['90s', 90_000],
    ['2h', 7_200_000],
    ['1.5d', 129_600_000],
    [null, null],
  ])('reads the duration %j', (expiresIn, millis) => {
    expect(draftUploadType('uploads', { expiresIn }).expiresInMs).toBe(millis);
  });

  it.each(['', 'x', '-1d', -1, 0, Number.NaN, Number.POSITIVE_INFINITY, {}, []])(
    'refuses the duration %j',
    (expiresIn) => {
      const options = { expiresIn } as ChunkedUploadTypeOptions;
      expect(() => draftUploadType('uploads', options)).toThrow(
        'ChunkedUploadModule: the option "expiresIn" must be at least 1 milliseconds',
      );
    },
  );

  it.each(['md5', 'sha1', 'sha256', 'sha512', 'blake3', 'crc32'] as const)(
    'knows %s',
    (checksum) => {
      expect(draftUploadType('uploads', { checksum }).checksum?.algorithm).toBe(checksum);
    },
  );

  it('takes false for no checksum', () => {
    expect(draftUploadType('uploads', { checksum: false }).checksum).toBeNull();
  });

  it.each(['a/../b', './a', 'a//b', '/a', 'a\0', 'a\\b', '..'])(
    'refuses the uploadPath %j',
    (uploadPath) => {
      expect(() => draftUploadType('uploads', { uploadPath })).toThrow('"uploadPath"');
    },
  );

  it('reads extensions in any case, with a dot in front or inside', () => {
    const { allowedExtensions } = draftUploadType('uploads', {
      allowedExtensions: ['PNG', '.txt', ' .tar.gz '],
    });
    expect(allowedExtensions).toEqual(['png', 'txt', 'tar.gz']);
  });

  it.each(['', '.', '..', 'a..b', 'a.', '*', 'a/b', '*.png', 7, null])(
    'refuses the extension %j',
    (extension) => {
      const allowedExtensions = [extension] as string[];
      expect(() => draftUploadType('uploads', { allowedExtensions })).toThrow(
        '"allowedExtensions" must be a list',
      );
    },
  );
});
