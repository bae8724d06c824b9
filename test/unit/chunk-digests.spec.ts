import { createHash } from 'node:crypto';
import { describe, expect, it } from 'vitest';
import { chunkDigests } from '../../src/chunked-upload/protocols/http/chunk-digests.js';
import { expectInTime } from '../support/in-time.js';
import { processorTime } from '../support/waiting.js';

const bytes = Buffer.from('some bytes');
const base64 = (algorithm: string) => createHash(algorithm).update(bytes).digest('base64');

function matches(headers: Record<string, string>, sent = bytes): boolean[] {
  return chunkDigests(headers).map((digest) => {
    digest.update(sent.subarray(0, 3));
    digest.update(sent.subarray(3));
    return digest.matches();
  });
}

describe('chunkDigests', () => {
  it('are none without a header', () => {
    expect(matches({})).toEqual([]);
  });

  it.each([
    ['content-md5', base64('md5')],
    ['content-digest', `md5=:${base64('md5')}:`],
    ['content-digest', `sha-256=:${base64('sha256')}:`],
    ['content-digest', ` sha-512=:${base64('sha512')}: `],
  ])('%s: %s matches these bytes and no others', (name, value) => {
    expect(matches({ [name]: value })).toEqual([true]);
    expect(matches({ [name]: value }, Buffer.from('some bytez'))).toEqual([false]);
  });

  it('are all held against the bytes', () => {
    const digest = `sha-256=:${base64('sha256')}:, md5=:AAAA:`;
    expect(matches({ 'content-md5': base64('md5'), 'content-digest': digest })).toEqual([
      true,
      true,
      false,
    ]);
  });

  it('pass over algorithms that they do not know', () => {
    expect(matches({ 'content-digest': 'crc32c=:AAAA:, unixsum=:AAAA:' })).toEqual([]);
  });

  it('are one for each algorithm: the last one counts', () => {
    const right = `sha-256=:${base64('sha256')}:`;
    expect(matches({ 'content-digest': `sha-256=:AAAA:, ${right}` })).toEqual([true]);
    expect(matches({ 'content-digest': `${right}, sha-256=:AAAA:` })).toEqual([false]);
    const all = `${right}, sha-512=:${base64('sha512')}:, md5=:${base64('md5')}:, ${right}`;
    expect(matches({ 'content-digest': all })).toEqual([true, true, true]);
  });

  it('are of at most 8 members, known or not', () => {
    for (const member of ['sha-512=::', 'unixsum=:AAAA:']) {
      const members = (count: number) => ({
        'content-digest': Array(count).fill(member).join(','),
      });
      expect(chunkDigests(members(8)).length).toBeLessThanOrEqual(1);
      expect(() => chunkDigests(members(9))).toThrow('at most 8 members');
      expect(() => chunkDigests(members(1300))).toThrow('at most 8 members');
    }
  });

  it('may have parameters, which say nothing, and other algorithms any value', () => {
    const right = base64('sha256');
    for (const field of [
      `sha-256=:${right}:;v=1`,
      `sha-256=:${right}: ;v="a,b";w`,
      `x=1, y="a,\\"b", z=?1, t=token;a=b, sha-256=:${right}:`,
      `flag, sha-256=:${right}:`,
      `sha-256=:${right.replace(/=+$/, '')}:\t,\tx_sum.v2*=:AAAA:`,
    ]) {
      expect(matches({ 'content-digest': field }), field).toEqual([true]);
    }
    expect(matches({ 'content-digest': 'sha-256=:AAAA:;v=1' })).toEqual([false]);
  });

  it('are none in a blank header', () => {
    expect(chunkDigests({ 'content-digest': '', 'content-md5': ' ' })).toEqual([]);
  });

  it('cost no time, however many quotes they have', async () => {
    const ms = await processorTime(() => {
      for (const text of ['"\\', '"\\"', '""', '","', '" ']) {
        const field = text.repeat(8000);
        try {
          chunkDigests({ 'content-digest': `a=${field}` });
        } catch {
          // It is the time that counts.
        }
      }
    });
    expectInTime(ms, 500);
  });

  it.each([
    ',',
    '"',
    'a="',
    'sha-256="AAAA"',
    'sha-256=(:AAAA:)',
    'sha-256',
    'sha-256=abc',
    'sha-256=:***:',
    'sha-256=:AAAA:,',
  ])('%j is not well-formed', (value) => {
    expect(() => chunkDigests({ 'content-digest': value })).toThrow('not well-formed');
  });
});
