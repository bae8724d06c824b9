import { describe, expect, it } from 'vitest';
import type { ChunkedUploadTypeOptions } from '../../src/chunked-upload/chunked-upload.options.js';
import { LocalDiskStorage } from '../../src/chunked-upload/storage/local-disk.storage.js';
import { LONGEST_LIFE_MS } from '../../src/chunked-upload/engine/duration.js';
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
      callTimeoutMs: 15_000,
      userRestricted: true,
      minBytes: 0,
      maxBytes: null,
      fieldName: 'file',
      checksum: { algorithm: 'md5' },
      onComplete: null,
    });
    expect(type.storage).toBeInstanceOf(LocalDiskStorage);
  });

  it('knows the caller by request.user', () => {
    const { user } = draftUploadType('uploads', {});
    const ask = (request: object) => user(request as never);
    const asked = [ask({ user: { id: 7 } }), ask({ user: { sub: 'ann' } }), ask({})];
    expect(asked).toEqual([7, 'ann', null]);
    expect(() => ask({ user: {} })).toThrow(/option "user"/);
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

  it('makes whole milliseconds of a duration', () => {
    expect(draftUploadType('uploads', { expiresIn: '1.1h' }).expiresInMs).toBe(3_960_000);
    expect(draftUploadType('uploads', { expiresIn: '1000y' }).expiresInMs).toBe(LONGEST_LIFE_MS);
  });

  const neverDurations = ['', 'x', '-1d', '1e300', '1e3d', -1, 0, 1.5, {}, [], true, 1n];
  const neverNumbers = [Number.NaN, Number.POSITIVE_INFINITY, Number.MAX_SAFE_INTEGER, 1e15, 1e18];
  const never = [...neverDurations, ...neverNumbers];

  it.each([...never, '300000y', '1001y'])('refuses the lifetime %o', (expiresIn) => {
    const options = { expiresIn } as ChunkedUploadTypeOptions;
    expect(() => draftUploadType('uploads', options)).toThrow(
      'ChunkedUploadModule: the option "expiresIn" must be a whole number of milliseconds ' +
        'from 1 to 31557600000000, or a duration: "1d"; null: never',
    );
  });

  // A timer holds 2^31 - 1 milliseconds; what is longer ends at once.
  const beyondTimers = [2 ** 31, '25d', '1y', null];

  it.each([...never, ...beyondTimers, 999])('refuses the leaseTime %o', (leaseTime) => {
    const options = { leaseTime } as ChunkedUploadTypeOptions;
    expect(() => draftUploadType('uploads', options)).toThrow(
      '"leaseTime" must be a whole number of milliseconds from 1000 to 2147483647, ' +
        'or a duration: "10s"',
    );
  });

  it.each([...never, ...beyondTimers, 99])('refuses the callTimeout %o', (callTimeout) => {
    const options = { callTimeout } as ChunkedUploadTypeOptions;
    expect(() => draftUploadType('uploads', options)).toThrow(
      '"callTimeout" must be a whole number of milliseconds from 100 to 2147483647, ' +
        'or a duration: "15s"',
    );
  });

  it.each([...never, ...beyondTimers, 999, undefined])('refuses a cleanup every %o', (every) => {
    const options = { cleanup: { every } } as ChunkedUploadTypeOptions;
    expect(() => draftUploadType('uploads', options)).toThrow(
      '"cleanup" must be a whole number of milliseconds from 1000 to 2147483647, ' +
        'or a duration: { every: "1h" }',
    );
  });

  it.each([2 ** 53, 1e15 + 0.5, -1, 1.5, Number.NaN, Number.POSITIVE_INFINITY, '10MB', 1n])(
    'refuses the size %o',
    (size) => {
      for (const name of ['minBytes', 'maxBytes'] as const) {
        const options = { [name]: size } as ChunkedUploadTypeOptions;
        expect(() => draftUploadType('uploads', options)).toThrow(
          `"${name}" must be a whole number of bytes up to 2 ** 53 - 1, such as 10_000_000`,
        );
      }
    },
  );

  it('takes the largest size and the longest durations', () => {
    const longest = 2 ** 31 - 1;
    const durations = { leaseTime: longest, callTimeout: longest, cleanup: { every: longest } };
    const maxBytes = Number.MAX_SAFE_INTEGER;
    const type = draftUploadType('uploads', { ...durations, maxBytes });
    expect(type).toMatchObject({ leaseMs: longest, callTimeoutMs: longest, cleanupMs: longest });
    expect(type.maxBytes).toBe(maxBytes);
  });

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

  it.each(['%', 'a/%Q', 'a/%Y/%', '%Y%n', '%-', '%é', '%📁'])(
    'refuses the uploadPath %j: it is no date',
    (uploadPath) => {
      expect(() => draftUploadType('uploads', { uploadPath })).toThrow(
        /"uploadPath" has "%.*such as "chunked_uploads\/%Y\/%m\/%d"/su,
      );
    },
  );

  it.each(['a/%Y-%m', '%F', 'a/%-d', '100%%/%j', 'b/%_H', '%s'])(
    'takes the uploadPath %j',
    (uploadPath) => {
      expect(draftUploadType('uploads', { uploadPath }).uploadPath).toBe(uploadPath);
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
