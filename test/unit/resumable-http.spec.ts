import type { IncomingMessage } from 'node:http';
import { describe, expect, it } from 'vitest';
import { ChunkedUploadStatus } from '../../src/chunked-upload/chunked-upload.entity.js';
import { ChunkedUploadError } from '../../src/chunked-upload/chunked-upload.errors.js';
import { interopVersion } from '../../src/chunked-upload/protocols/resumable-http/interop-version.js';
import {
  problemMembers,
  problemType,
} from '../../src/chunked-upload/protocols/resumable-http/problem.js';
import {
  booleanItem,
  integerItem,
} from '../../src/chunked-upload/protocols/resumable-http/structured-fields.js';
import {
  announcedLength,
  refuseStateFields,
  uploadRequest,
} from '../../src/chunked-upload/protocols/resumable-http/upload-request.js';
import {
  limitField,
  stateFields,
} from '../../src/chunked-upload/protocols/resumable-http/upload-state.js';
import { expectInTime } from '../support/in-time.js';
import { processorTime } from '../support/waiting.js';

function requestWith(headers: Record<string, string>): IncomingMessage {
  const rawHeaders = Object.entries(headers).flat();
  return { headers, rawHeaders } as unknown as IncomingMessage;
}

describe('An item of a structured field', () => {
  it.each([
    ['?1', true],
    ['?0', false],
    [' ?1 ', true],
    ['?1;a', true],
    ['?0; a=1;b="x\\"; y"', false],
    ['?2', null],
    ['1', null],
    ['true', null],
    ['?1, ?1', null],
    ['?1;', null],
    ['?1;A', null],
    ['', null],
    [undefined, null],
  ])('is a boolean: %j → %j', (field, value) => expect(booleanItem(field)).toBe(value));

  it.each([
    ['0', 0],
    ['100', 100],
    ['007', 7],
    ['999999999999999', 999_999_999_999_999],
    ['100;unit=bytes', 100],
    ['1000000000000000', null],
    ['-1', null],
    ['1.5', null],
    ['0x10', null],
    ['1e3', null],
    ['"100"', null],
    ['100, 100', null],
    ['', null],
    [undefined, null],
  ])('is a size: %j → %j', (field, value) => expect(integerItem(field)).toBe(value));

  it('takes no time to be found wrong', async () => {
    const ms = await processorTime(() => {
      expect(booleanItem(`?1${';a=1'.repeat(100_000)}!`)).toBe(null);
      expect(booleanItem(`?1;${'a'.repeat(100_000)}!`)).toBe(null);
    });
    expectInTime(ms, 100);
  });
});

describe('What a request says of its upload', () => {
  it.each(['3', '4', '5', '6', '7', '8'])('is read by its version: %s', (version) => {
    const given = requestWith({ 'upload-draft-interop-version': version });
    expect(interopVersion(given)).toBe(Number(version));
  });

  it.each(['2', '9', '', 'x', '6, 6'])('no version is %j', (version) => {
    expect(interopVersion(requestWith({ 'upload-draft-interop-version': version }))).toBe(null);
  });

  it('is the opposite in version 3', () => {
    const version = { 'upload-draft-interop-version': '3' };
    expect(uploadRequest(requestWith({ ...version, 'upload-incomplete': '?1' })).complete).toBe(
      false,
    );
    expect(uploadRequest(requestWith({ ...version, 'upload-incomplete': '?0' })).complete).toBe(
      true,
    );
    expect(uploadRequest(requestWith({ ...version })).complete).toBe(true);
    expect(uploadRequest(requestWith({ 'upload-complete': '?1' })).complete).toBe(true);
    expect(uploadRequest(requestWith({ 'upload-incomplete': '?0' })).complete).toBe(null);
  });

  it.each([
    [{ 'upload-complete': '?1', 'content-length': '70' }, 30, 100],
    [{ 'upload-complete': '?0', 'content-length': '70' }, 30, null],
    [{ 'upload-complete': '?0', 'content-length': '70', 'upload-length': '100' }, 0, 100],
    [{ 'upload-complete': '?1', 'content-length': '70', 'upload-length': '100' }, 30, 100],
    [{ 'upload-complete': '?1' }, 0, null],
    [{ 'upload-complete': '?1', 'upload-length': '100' }, 0, 100],
  ])('says the length: %j at %i is %j', (headers, offset, length) => {
    expect(announcedLength(uploadRequest(requestWith(headers as never)), offset)).toBe(length);
  });

  it('may not say two lengths', () => {
    const headers = { 'upload-complete': '?1', 'content-length': '70', 'upload-length': '100' };
    expect(() => announcedLength(uploadRequest(requestWith(headers)), 0)).toThrow(
      /Total does not match: 100 bytes were reported before, 70 now/,
    );
  });

  it('was not to be said in a question until version 5', () => {
    const asked = (version: string, extra: Record<string, string>) => () =>
      refuseStateFields(
        uploadRequest(requestWith({ 'upload-draft-interop-version': version, ...extra })),
      );
    expect(asked('3', {})).not.toThrow();
    expect(asked('5', { 'upload-offset': '1' })).toThrow(/Upload-Offset/);
    expect(asked('4', { 'upload-complete': '?1' })).toThrow(/Upload-Complete/);
    expect(asked('6', { 'upload-offset': '1' })).not.toThrow();
  });
});

describe('What an answer says of an upload', () => {
  const upload = {
    offset: 5,
    total: 10,
    status: ChunkedUploadStatus.Incomplete,
    expiresAt: null,
  };

  it('is its state', () => {
    expect(stateFields(upload, 8)).toEqual({
      'Upload-Offset': '5',
      'Upload-Complete': '?0',
      'Upload-Length': '10',
    });
    const complete = { ...upload, offset: 10, status: ChunkedUploadStatus.Complete };
    expect(stateFields(complete, 8)).toMatchObject({ 'Upload-Complete': '?1' });
    expect(stateFields({ ...upload, total: null }, 3)).toEqual({
      'Upload-Offset': '5',
      'Upload-Incomplete': '?1',
    });
  });

  it('is its limits, by the words of its draft', () => {
    const soon = new Date(Date.now() + 60_900);
    expect(limitField({ min: 0, max: null }, null, 8)).toBe('min-size=0');
    expect(limitField({ min: 1, max: 9 }, soon, 8)).toBe('min-size=1, max-size=9, max-age=60');
    expect(limitField({ min: 0, max: null }, soon, 6)).toBe('min-size=0, expires=60');
    expect(limitField({ min: 0, max: null }, new Date(0), 8)).toBe('min-size=0, max-age=0');
  });
});

describe('A problem', () => {
  const membersOf = (error: ChunkedUploadError, isEmpty = false) => {
    const problem = problemType(error, isEmpty);
    return problem && problemMembers(error, problem);
  };

  it('has a type, and the offsets', () => {
    expect(membersOf(ChunkedUploadError.offsetMismatch(100, 200))).toMatchObject({
      type: 'https://iana.org/assignments/http-problem-types#mismatching-upload-offset',
      status: 409,
      'expected-offset': 100,
      'provided-offset': 200,
    });
    expect(membersOf(ChunkedUploadError.totalMismatch(1, 2))).toMatchObject({
      type: 'https://iana.org/assignments/http-problem-types#inconsistent-upload-length',
      status: 400,
    });
    expect(membersOf(ChunkedUploadError.alreadyComplete(), true)).toMatchObject({
      type: 'https://iana.org/assignments/http-problem-types#completed-upload',
      status: 400,
    });
    expect(membersOf(ChunkedUploadError.alreadyComplete())).toMatchObject({
      type: 'https://iana.org/assignments/http-problem-types#inconsistent-upload-length',
    });
  });

  it('is nothing else', () => {
    expect(membersOf(ChunkedUploadError.notFound())).toBe(null);
  });
});
