import { describe, expect, it } from 'vitest';
import type { AbstractChunkedUpload } from '../../src/chunked-upload/chunked-upload.entity.js';
import { fileResponse } from '../../src/chunked-upload/protocols/http/file-response.js';

const completedAt = new Date('2026-01-02T03:04:05.678Z');
const modified = 'Fri, 02 Jan 2026 03:04:05 GMT';

function respond(headers: Record<string, string>, offset = 1000, filename = 'a.txt') {
  const upload = { offset, checksum: 'abc', id: 'ID', filename, completedAt };
  return fileResponse(upload as AbstractChunkedUpload, headers);
}

describe('fileResponse', () => {
  it('answers the whole file without a condition', () => {
    const { status, headers, range } = respond({});
    expect({ status, range }).toEqual({ status: 200, range: undefined });
    expect(headers).toMatchObject({
      ETag: '"abc"',
      'Last-Modified': modified,
      'Content-Length': '1000',
      'Content-Type': 'text/plain',
      'Cache-Control': 'private, no-cache, no-transform',
      'X-Content-Type-Options': 'nosniff',
    });
  });

  it.each([
    ['bytes=0-0', 0, 0],
    ['bytes=10-19', 10, 19],
    ['bytes=990-', 990, 999],
    ['bytes=-10', 990, 999],
    ['bytes=-1000', 0, 999],
    ['bytes=-1001', 0, 999],
    ['bytes=0-99999', 0, 999],
    ['bytes=0-9,10-19', 0, 19],
  ])('%s is 206', (range, start, end) => {
    expect(respond({ range })).toMatchObject({
      status: 206,
      range: { start, end },
      headers: {
        'Content-Range': `bytes ${start}-${end}/1000`,
        'Content-Length': String(end - start + 1),
      },
    });
  });

  it.each(['bytes=1000-', 'bytes=5-4', 'bytes=-0'])('%s is 416', (range) => {
    expect(respond({ range })).toMatchObject({
      status: 416,
      headers: { 'Content-Range': 'bytes */1000' },
    });
  });

  it.each(['nonsense', 'lines=0-9', 'bytes=0-9,20-29'])('%s is 200', (range) => {
    expect(respond({ range })).toMatchObject({
      status: 200,
      headers: { 'Content-Length': '1000' },
    });
  });

  it.each([
    [{ 'if-none-match': '"abc"' }, 304],
    [{ 'if-none-match': 'W/"abc"' }, 304],
    [{ 'if-none-match': '"x", "abc"' }, 304],
    [{ 'if-none-match': '*' }, 304],
    [{ 'if-none-match': '"x"' }, 200],
    [{ 'if-none-match': '"abc"', 'cache-control': 'no-cache' }, 304],
    [{ 'if-modified-since': modified }, 304],
    [{ 'if-modified-since': 'Thu, 01 Jan 2026 00:00:00 GMT' }, 200],
    [{ 'if-none-match': '"x"', 'if-modified-since': modified }, 200],
  ])('%j is %i', (headers: Record<string, string>, status) => {
    expect(respond(headers).status).toBe(status);
  });

  it.each([
    ['"abc"', 206],
    ['"x"', 200],
    ['W/"abc"', 200],
    ['"abc", "x"', 200],
    [modified, 206],
    ['Friday, 02-Jan-26 03:04:05 GMT', 206],
    ['Sat, 03 Jan 2026 03:04:05 GMT', 200],
    ['nonsense', 200],
    ['Thu, 01 Jan 2026 00:00:00 GMT', 200],
  ])('a range of If-Range %s is %i', (condition, status) => {
    expect(respond({ range: 'bytes=0-9', 'if-range': condition }).status).toBe(status);
  });

  it.each([
    [{ 'if-match': '"abc"' }, 206],
    [{ 'if-match': '"x", "abc"' }, 206],
    [{ 'if-match': '*' }, 206],
    [{ 'if-match': '"x"' }, 412],
    [{ 'if-match': 'W/"abc"' }, 412],
    [{ 'if-match': 'abc' }, 412],
    [{ 'if-match': '' }, 412],
    [{ 'if-unmodified-since': modified }, 206],
    [{ 'if-unmodified-since': 'Sat, 03 Jan 2026 03:04:05 GMT' }, 206],
    [{ 'if-unmodified-since': 'Thu, 01 Jan 2026 00:00:00 GMT' }, 412],
    [{ 'if-unmodified-since': 'nonsense' }, 206],
    // If-Match decides where it is there, and before what a cache asks (RFC 9110, 13.2.2).
    [{ 'if-match': '"abc"', 'if-unmodified-since': 'Thu, 01 Jan 2026 00:00:00 GMT' }, 206],
    [{ 'if-match': '"x"', 'if-none-match': '"abc"' }, 412],
    [{ 'if-match': '"abc"', 'if-none-match': '"abc"' }, 304],
  ])('%j with a range is %i', (headers: Record<string, string>, status) => {
    const answer = respond({ range: 'bytes=0-9', ...headers });
    expect(answer.status).toBe(status);
    expect(answer.headers['ETag']).toBe('"abc"');
    expect(answer.detail === undefined).toBe(status !== 412);
  });

  it.each([
    ['dir/a.pdf', 'a.pdf'],
    ['../../etc/passwd', 'passwd'],
    ['C:\\dir\\a.pdf', 'a.pdf'],
    ['dir/', 'dir'],
    ['a/..', 'ID'],
    ['///', 'ID'],
  ])('%j is saved as %j', (filename, name) => {
    const { headers } = respond({}, 10, filename);
    expect(headers['Content-Disposition']).toBe(`attachment; filename=${name}`);
  });

  it('an empty file has no range', () => {
    expect(respond({}, 0)).toMatchObject({ status: 200, headers: { 'Content-Length': '0' } });
    for (const range of ['bytes=0-', 'bytes=0-0', 'bytes=5-', 'bytes=-1', 'bytes=-0']) {
      const answer = respond({ range }, 0);
      expect(answer).toMatchObject({ status: 200, headers: { 'Content-Length': '0' } });
      expect(answer.headers).not.toHaveProperty('Content-Range');
    }
  });
});
