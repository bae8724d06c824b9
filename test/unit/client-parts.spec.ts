import { describe, expect, it } from 'vitest';
import { ChunkSize } from '../../src/client/chunk-size.js';
import { Endpoint } from '../../src/client/endpoint.js';
import { recognise } from '../../src/client/lost-upload.js';
import { type Representation } from '../../src/client/representation.js';
import { jittered } from '../../src/client/retry.js';
import { SpeedMeter } from '../../src/client/speed-meter.js';
import { UploadError } from '../../src/client/upload-error.js';

const KIB = 1024;
const MIB = 1024 * KIB;

describe('ChunkSize', () => {
  it('begins small, whatever is wanted', () => {
    const size = new ChunkSize(8 * MIB);
    expect([size.at(0), size.at(1)]).toEqual([256 * KIB, 8 * MIB]);
    expect(new ChunkSize(100).at(0)).toBe(100);
  });

  it('grows again where nobody has said that chunks are too large', () => {
    const size = new ChunkSize(1024 * 1024);
    size.shrink(1024 * 1024, 'for now');
    for (let arrived = 0; arrived < 8; arrived += 1) size.arrived();
    expect(size.at(1)).toBe(1024 * 1024);
    size.shrink(1024 * 1024);
    for (let arrived = 0; arrived < 80; arrived += 1) size.arrived();
    expect(size.at(1)).toBe(512 * 1024);
  });

  it('halves what was refused, down to 64 KiB', () => {
    const size = new ChunkSize(8 * MIB);
    expect(size.shrink(8 * MIB)).toBe(true);
    expect(size.at(1)).toBe(4 * MIB);
    expect(size.shrink(128 * KIB)).toBe(true);
    expect(size.at(1)).toBe(64 * KIB);
    expect(size.shrink(64 * KIB)).toBe(false);
  });
});

describe('SpeedMeter', () => {
  let now = 0;
  const meter = (): SpeedMeter => ((now = 0), new SpeedMeter(() => now));
  const at = (speed: SpeedMeter, time: number, sent: number): number => {
    now = time;
    speed.record(sent);
    return speed.bytesPerSecond;
  };

  it('knows nothing at first', () => {
    const speed = meter();
    expect(at(speed, 0, 0)).toBe(0);
    expect(at(speed, 100, 500)).toBe(0);
    expect(at(speed, 500, 500)).toBe(1000);
  });

  it('forgets how fast it was long ago', () => {
    const speed = meter();
    at(speed, 0, 0);
    at(speed, 1_000, 1_000_000);
    for (let time = 2_000; time <= 10_000; time += 1_000) at(speed, time, 1_000_000 + time);
    expect(speed.bytesPerSecond).toBeCloseTo(1_000);
  });

  it('forgets it as well where it was told more often then', () => {
    const speed = meter();
    for (let time = 0; time < 5_000; time += 50) at(speed, time, time * 1_000);
    for (let time = 5_000; time <= 15_000; time += 1_000) at(speed, time, 5_000_000 + time);
    expect(speed.bytesPerSecond).toBeCloseTo(1_000);
  });

  it('starts afresh when the server turns out to hold less', () => {
    const speed = meter();
    at(speed, 0, 1000);
    expect(at(speed, 1_000, 500)).toBe(0);
    expect(at(speed, 2_000, 700)).toBe(200);
  });
});

describe('jittered', () => {
  it('waits half of the delay and a random part of the other half', () => {
    expect(jittered(1000, null, () => 0)).toBe(500);
    expect(jittered(1000, null, () => 0.5)).toBe(750);
  });

  it('never undercuts the server', () => {
    expect(jittered(1000, 5000, () => 1)).toBe(5000);
    expect(jittered(1000, 1, () => 1)).toBe(1000);
  });

  it('is never longer than a timer can wait', () => {
    expect(jittered(1000, 1e15)).toBe(2 ** 31 - 1);
    expect(jittered(Infinity, null)).toBe(2 ** 31 - 1);
  });
});

describe('Endpoint', () => {
  it('builds the URLs of an upload type', () => {
    const endpoint = new Endpoint('https://host/api/uploads/?tenant=7#top');
    expect(endpoint.list()).toBe('https://host/api/uploads?tenant=7');
    expect(endpoint.upload('a/b')).toBe('https://host/api/uploads/a%2Fb?tenant=7');
    expect(endpoint.list({ filename: 'ä&b.txt', owner_id: undefined, status: 1 })).toBe(
      'https://host/api/uploads?tenant=7&filename=%C3%A4%26b.txt&status=1',
    );
  });
});

describe('recognise', () => {
  const begunAt = Date.parse('2026-01-01T12:00:00Z');
  const lost = { fileName: 'a.txt', total: 10, most: 5, begunAt };
  const upload = (change: Partial<Representation>): Representation =>
    ({
      id: '1',
      filename: 'a.txt',
      total: 10,
      offset: 5,
      created_at: '2026-01-01T12:00:01Z',
      ...change,
    }) as Representation;
  const inList = (uploads: Representation[], serverTime: number | null = null): unknown =>
    recognise(lost, { uploads, serverTime }, begunAt + 3_000);

  it('takes the one that fits', () => {
    const fits = upload({});
    expect(inList([upload({ filename: 'b.txt' }), fits, upload({ total: 11 })])).toBe(fits);
  });

  it('takes none of two, and none that was there before', () => {
    expect(inList([upload({}), upload({ id: '2' })])).toBeNull();
    expect(inList([upload({ created_at: '2026-01-01T11:59:00Z' })])).toBeNull();
  });

  it('takes none that has more bytes than were sent', () => {
    expect(inList([upload({ offset: 6 })])).toBeNull();
  });

  it('compares times by the clock of the server', () => {
    const anHourBehind = begunAt + 3_000 - 3_600_000;
    const fits = upload({ created_at: '2026-01-01T11:00:01Z' });
    expect(inList([fits])).toBeNull();
    expect(inList([fits], anHourBehind)).toBe(fits);
  });
});

describe('UploadError', () => {
  const from = (status: number, text: string, retryAfter: string | null = null): UploadError =>
    UploadError.fromResponse({ status, text, headers: { get: () => retryAfter } });

  it.each([
    [500, 'unavailable'],
    [423, 'unavailable'],
    [413, 'too-large'],
    [404, 'gone'],
    [410, 'gone'],
    [401, 'forbidden'],
    [400, 'refused'],
  ])('reads status %i as %s', (status, code) => {
    expect(from(status, '').code).toBe(code);
  });

  it.each(['<html>', '', '[]', '"text"', '{"detail":5}', 'null'])(
    'copes with the body %s',
    (text) => {
      expect(from(502, text)).toMatchObject({
        detail: null,
        message: 'The server answered with status 502.',
      });
    },
  );

  it.each([
    ['{"message":"Cannot PUT /upload","error":"Not Found","statusCode":404}', 'Cannot PUT /upload'],
    ['{"message":["a is wrong","b too"]}', 'a is wrong, b too'],
  ])('says what another part of the application says: %s', (text, words) => {
    const message = `The server answered with status 404: ${words}`;
    expect(from(404, text)).toMatchObject({ detail: null, message });
  });

  it('reads Retry-After as seconds and as a date', () => {
    expect(from(503, '', '7').retryAfter).toBe(7000);
    const inAMinute = from(503, '', new Date(Date.now() + 60_000).toUTCString()).retryAfter;
    expect(inAMinute).toBeGreaterThan(50_000);
    expect(inAMinute).toBeLessThanOrEqual(60_000);
    expect(from(503, '', 'soon').retryAfter).toBeNull();
  });
});
