import type { IncomingMessage } from 'node:http';
import { describe, expect, it } from 'vitest';
import { absoluteUrl } from '../../src/chunked-upload/protocols/http/host-request.js';
import { expectInTime } from '../support/in-time.js';
import { processorTime } from '../support/waiting.js';

function urlOf(target: string, levels: number): string {
  const raw = { url: target, headers: { host: 'a.test' } } as unknown as IncomingMessage;
  return absoluteUrl({ raw, headers: raw.headers }, levels);
}

describe('The absolute URL of a request', () => {
  it.each([
    ['/uploads', 0, 'http://a.test/uploads'],
    ['/uploads///', 0, 'http://a.test/uploads'],
    ['/uploads/5/?a=/b/', 1, 'http://a.test/uploads'],
    ['http://other.test/uploads/5', 1, 'http://a.test/uploads'],
    ['/', 0, 'http://a.test'],
  ])('of %s without %i levels', (target, levels, url) => {
    expect(urlOf(target, levels)).toBe(url);
  });

  it('has the bytes of letters that came as they are', () => {
    const target = Buffer.from('/t/naïve/5').toString('latin1');
    expect(urlOf(target, 1)).toBe('http://a.test/t/na%C3%AFve');
  });

  it('costs no time, however many slashes it has', async () => {
    const target = `${'/'.repeat(64_000)}x`;
    expectInTime(await processorTime(() => urlOf(target, 1)), 200);
  });
});
