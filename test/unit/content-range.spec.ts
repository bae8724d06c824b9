import { describe, expect, it } from 'vitest';
import { parseContentRange } from '../../src/chunked-upload/protocols/content-range/content-range.js';

describe('parseContentRange', () => {
  it.each([
    ['bytes 0-99/300', { start: 0, length: 100, total: 300 }],
    ['bytes 0-0/1', { start: 0, length: 1, total: 1 }],
    ['bytes 299-299/300', { start: 299, length: 1, total: 300 }],
    ['bytes 100-199/*', { start: 100, length: 100, total: null }],
    ['BYTES 0-99/300', { start: 0, length: 100, total: 300 }],
    ['bytes 007-010/0300', { start: 7, length: 4, total: 300 }],
    [
      'bytes 9007199254740989-9007199254740990/9007199254740991',
      { start: 9007199254740989, length: 2, total: 9007199254740991 },
    ],
  ])('%s', (header, range) => {
    expect(parseContentRange(header)).toEqual(range);
  });

  it.each([
    undefined,
    '',
    'bytes',
    'bytes 0-99',
    'bytes */300',
    'bytes 1-0/300',
    'bytes -0-99/300',
    'bytes 0-99/1e3',
    'bytes 0x0-99/300',
    'bytes 0-99/300 ',
    ' bytes 0-99/300',
    'bytes\t0-99/300',
    'bytes 0-99/300\n',
    'bytes ٠-٩/٣٠٠',
    'bytes 0-9007199254740991/*',
    'bytes 0-1/9007199254740992',
    `bytes 0-1/${'9'.repeat(5000)}`,
  ])('%j is none', (header) => {
    expect(() => parseContentRange(header)).toThrow('Error in request headers');
  });

  it.each(['bytes 0-300/300', 'bytes 0-99/0', 'bytes 300-300/300'])(
    '%s ends too late',
    (header) => {
      expect(() => parseContentRange(header)).toThrow(/^End of chunk exceeds reported total/);
    },
  );
});
