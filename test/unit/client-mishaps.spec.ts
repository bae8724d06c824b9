import { createHash, randomBytes } from 'node:crypto';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { fetchTransport } from '../../src/client/fetch-transport.js';
import { FileChecksum } from '../../src/client/file-checksum.js';
import {
  ChunkedUpload,
  type ChunkedUploadOptions,
  type Transport,
  UploadError,
} from '../../src/client/index.js';
import { type Fault, UploadServerDouble } from './client.double.js';

const KIB = 1024;
const content = randomBytes(1000 * KIB);
const fileOf = (bytes: Buffer<ArrayBuffer>, name = 'film.mp4'): File =>
  new File([bytes], name, { lastModified: 1 });
const file = fileOf(content);

describe('the client, where something around it goes wrong', () => {
  let server: UploadServerDouble;
  let endpoint: string;

  beforeEach(async () => {
    server = new UploadServerDouble();
    endpoint = await server.start();
  });
  afterEach(async () => {
    vi.restoreAllMocks();
    await server.stop();
  });

  const uploadOf = (blob: Blob, options: Partial<ChunkedUploadOptions> = {}): ChunkedUpload =>
    new ChunkedUpload(blob, {
      endpoint,
      chunkSize: 400 * KIB,
      retryDelays: [1, 1, 1],
      ...options,
    });
  const failureOf = (upload: ChunkedUpload): Promise<unknown> =>
    upload.start().then(
      () => null,
      (error: unknown) => error,
    );
  const completeOnes = (): Buffer[] =>
    [...server.uploads.values()]
      .filter(({ record }) => record.status === 2)
      .map(({ bytes }) => bytes);
  const expectOnly = (bytes: Buffer): void => {
    // Compared by `toEqual`, a megabyte takes seconds.
    expect(completeOnes().map((each) => each.equals(bytes))).toEqual([true]);
  };
  const lost: Fault = (request) => void request.socket.destroy();

  describe('with files of one name and size in two folders', () => {
    const other = randomBytes(content.length);

    it('does not go on with the upload of the one for the other, whose first answer was lost', async () => {
      let goOn: () => void = () => undefined;
      const held = new Promise<void>((resolve) => (goOn = resolve));
      const transport: Transport = async (request) => {
        if (/bytes 262144/.test(request.headers['Content-Range'] ?? '')) await held;
        return fetchTransport(request);
      };
      const first = uploadOf(file, { folder: 'a', transport });
      const firstDone = first.start();
      await expect.poll(() => first.progress.sent).toBe(262144);

      let met = false;
      server.fault = (line) => {
        if (met || !line.startsWith('PUT /uploads bytes 0-')) return null;
        met = true;
        return lost;
      };
      await uploadOf(fileOf(other), { folder: 'b' }).start();
      goOn();
      await firstDone;

      expect(completeOnes()).toHaveLength(2);
      expect(server.uploads.size).toBe(2);
      expect(completeOnes().some((bytes) => bytes.equals(content))).toBe(true);
      expect(completeOnes().some((bytes) => bytes.equals(other))).toBe(true);
    });

    it('begins both anew where nobody can tell whose upload the list shows', async () => {
      let begun = 0;
      server.fault = (line) => {
        if (!line.startsWith('PUT /uploads bytes 0-')) return null;
        begun += 1;
        if (begun === 1) return server.cutAfter(1000);
        return begun === 2 ? lost : null;
      };
      const bothOf = [uploadOf(file, { folder: 'a' }), uploadOf(fileOf(other), { folder: 'b' })];
      await Promise.all(bothOf.map((upload) => upload.start()));

      expect(completeOnes()).toHaveLength(2);
      expect(completeOnes().some((bytes) => bytes.equals(content))).toBe(true);
      expect(completeOnes().some((bytes) => bytes.equals(other))).toBe(true);
    });
  });

  describe('with headers', () => {
    it('tries again where a fresh token could not be fetched', async () => {
      let calls = 0;
      const headers = (): Record<string, string> => {
        calls += 1;
        if (calls === 2) throw new TypeError('fetch failed');
        return {};
      };
      await uploadOf(file, { headers }).start();
      expectOnly(content);
    });

    it('says in its own words why there is no token any more, and can be started again', async () => {
      let isSignedIn = false;
      const headers = (): Record<string, string> => {
        if (!isSignedIn) throw new Error('Your session has ended.');
        return {};
      };
      const upload = uploadOf(file, { headers });
      const error = await failureOf(upload);
      expect(error).toBeInstanceOf(UploadError);
      expect(error).toMatchObject({
        code: 'forbidden',
        message: 'Your session has ended.',
        canRetry: true,
      });

      isSignedIn = true;
      await upload.start();
      expectOnly(content);
    });

    it('tries again where the server of the tokens is away', async () => {
      let calls = 0;
      const headers = (): Record<string, string> => {
        calls += 1;
        if (calls === 2)
          throw Object.assign(new Error('Bad gateway'), { response: { status: 502 } });
        return {};
      };
      await uploadOf(file, { headers }).start();
      expectOnly(content);
    });

    it('fails at once where the function itself is wrong', async () => {
      const user = null as unknown as { readonly token: string };
      const headers = (): Record<string, string> => ({ authorization: user.token });
      expect(await failureOf(uploadOf(file, { headers }))).toMatchObject({ code: 'forbidden' });
    });

    it('fails at once where no request can carry them', async () => {
      const error = await failureOf(uploadOf(file, { headers: { 'X-User': 'Łukasz' } }));
      expect(error).toMatchObject({ code: 'protocol', transient: false });
      expect(String(error)).toContain('The headers cannot be sent.');
      expect(server.log).toEqual([]);
    });

    it('keeps its own, however the letters of theirs are written', async () => {
      const types = new Set<unknown>();
      server.fault = (line, { headers }) => {
        if (line.startsWith('PUT')) types.add(`${headers['content-type']} ${headers.accept}`);
        return null;
      };
      const headers = { 'content-type': 'text/plain', accept: 'application/problem+json' };
      await uploadOf(file, { headers }).start();
      expect([...types]).toEqual(['application/octet-stream application/problem+json']);
    });
  });

  it('waits for weeks where the server says so, and not for no time at all', async () => {
    server.fault = () => server.refuse(503, {}, { 'Retry-After': '99999999' });
    const upload = uploadOf(file);
    const answer = upload.start();
    await expect.poll(() => upload.state).toBe('retrying');
    await sleep(50);
    expect(server.log).toHaveLength(1);

    server.fault = () => null;
    upload.tryNow();
    await answer;
    expectOnly(content);
  });

  describe('where a proxy redirects', () => {
    const redirect: Fault = (request, response) => {
      request.resume();
      response.writeHead(301, { Location: request.url ?? '' }).end();
    };

    it.each([
      ['a file', file],
      ['an empty file', new File([], 'empty.txt')],
    ])('does not take %s for complete that is not', async (_, blob) => {
      server.fault = (line) => (line.startsWith('POST') ? redirect : null);
      const upload = uploadOf(blob);
      expect(await failureOf(upload)).toMatchObject({
        code: 'protocol',
        message:
          'The request was redirected and did not arrive. ' +
          `Use the address that ${endpoint} leads to.`,
      });
      expect(upload.state).toBe('failed');

      server.fault = () => null;
      await upload.start();
      expect(completeOnes()).toHaveLength(1);
    });
  });

  it('goes on when what it tells its progress throws', async () => {
    const gone = (): void => {
      throw new TypeError('The bar has left the page.');
    };
    const said = vi.spyOn(console, 'error').mockImplementation(() => undefined);
    const upload = uploadOf(file, { onProgress: gone, onStateChange: gone });
    await upload.start();
    expect(upload.state).toBe('complete');
    expect(said).toHaveBeenCalledWith(expect.any(TypeError));
  });

  it('sends anew what arrived spoilt, when it is started again', async () => {
    let met = false;
    server.fault = (line) => {
      if (met || !line.startsWith('POST')) return null;
      met = true;
      return server.refuse(400, { detail: 'md5 checksum does not match' });
    };
    const upload = uploadOf(file);
    expect(await failureOf(upload)).toMatchObject({ code: 'checksum-mismatch', canRetry: true });
    server.only.bytes[5] = 1 + (server.only.bytes[5] ?? 0);

    await upload.start();
    expectOnly(content);
    expect(server.uploads.size).toBe(1);
  });

  it('can be started again while what was aborted is removed', async () => {
    let arrived: () => void = () => undefined;
    const sending = new Promise<void>((resolve) => (arrived = resolve));
    server.fault = (line) => (/bytes 262144/.test(line) ? () => arrived() : null);
    const upload = uploadOf(file);
    const aborted = expect(upload.start()).rejects.toMatchObject({ code: 'aborted' });
    await sending;
    server.fault = () => null;
    const removal = upload.abort();
    await aborted;
    await upload.start();
    await removal;
    expect(upload.state).toBe('complete');
    expectOnly(content);
    expect(server.uploads.size).toBe(1);
  });

  describe.each([
    ['says so', 410, { detail: 'Upload has expired' }, null],
    ['has removed it since', 404, { detail: 'Not found.' }, '2000-01-01T00:00:00Z'],
  ])('when an upload has expired and the server %s', (_, status, detail, at) => {
    const expireAfter = (silence: number): void => {
      let met = 0;
      server.fault = (line) => {
        if (at !== null && server.uploads.size === 1) {
          server.only.record = { ...server.only.record, expires_at: at };
        }
        if (met === 2 || !/bytes 671744/.test(line)) return null;
        met += 1;
        return (...both) => {
          if (met === 1) {
            // The connection breaks as the computer falls asleep.
            vi.spyOn(Date, 'now').mockReturnValue(Date.now() + silence);
            return lost(...both);
          }
          server.uploads.clear();
          return server.refuse(status, detail)(...both);
        };
      };
    };

    it('begins it anew where the computer has slept', async () => {
      expireAfter(3_600_000);
      await uploadOf(file).start();
      expectOnly(content);
    });

    it('does not where it lives for too short a time', async () => {
      expireAfter(1_000);
      expect(await failureOf(uploadOf(file))).toMatchObject({ code: 'gone', status });
    });
  });

  it('is not begun anew where a chunk takes longer than the upload lives', async () => {
    server.fault = (line) => {
      if (!/bytes 671744/.test(line)) return null;
      return (...both) => {
        vi.spyOn(Date, 'now').mockReturnValue(Date.now() + 3_600_000);
        return server.refuse(410, { detail: 'Upload has expired' })(...both);
      };
    };
    expect(await failureOf(uploadOf(file))).toMatchObject({ code: 'gone' });
  });

  it('does not begin for ever what the server finds too old at once', async () => {
    server.fault = () => server.refuse(410, { detail: 'Upload has expired' });
    expect(await failureOf(uploadOf(file))).toMatchObject({ code: 'gone' });
    expect(server.log).toHaveLength(1);
  });

  it('makes smaller chunks where larger ones break off without an answer', async () => {
    server.fault = (_, { headers }) =>
      Number(headers['content-length']) > 150 * KIB ? lost : null;
    await uploadOf(file).start();
    expectOnly(content);
  });

  it('sends what it has read where the platform cannot send what it can read', async () => {
    const slices = new WeakSet<Blob>();
    const odd = fileOf(content);
    odd.slice = (...range) => {
      const slice = Blob.prototype.slice.apply(odd, range);
      slices.add(slice);
      return slice;
    };
    const transport: Transport = (request) => {
      if (typeof request.body === 'object' && slices.has(request.body)) {
        return Promise.reject(new Error('ERR_UPLOAD_FILE_CHANGED'));
      }
      return fetchTransport(request);
    };
    await uploadOf(odd, { transport, retryDelays: [1, 1] }).start();
    expectOnly(content);
  });
});

describe('FileChecksum', () => {
  const MIB = KIB * KIB;
  const bytes = randomBytes(5 * MIB);
  const right = createHash('md5').update(bytes).digest('hex');

  /** A file that tells how many of its pieces have been read. */
  const readable = (onRead: (count: number) => void): Blob => {
    const blob = new Blob([bytes]);
    let count = 0;
    blob.slice = (...range) => {
      const slice = Blob.prototype.slice.apply(blob, range);
      slice.arrayBuffer = () => {
        onRead((count += 1));
        return Blob.prototype.arrayBuffer.apply(slice);
      };
      return slice;
    };
    return blob;
  };

  it('stops when nobody wants it any more, and goes on from there', async () => {
    const controller = new AbortController();
    let read = 0;
    const blob = readable((count) => {
      read = count;
      if (count === 2) controller.abort();
    });
    const checksum = new FileChecksum(blob, 'md5');
    await expect(checksum.digest(controller.signal)).rejects.toThrow('aborted');
    await sleep(20);
    expect(read).toBe(2);

    expect(await checksum.digest(new AbortController().signal)).toBe(right);
    expect(read).toBe(5);
  });

  it('can be asked again when the file can be read again', async () => {
    let isAway = true;
    const blob = readable((count) => {
      if (count === 2 && isAway) throw new DOMException('', 'NotReadableError');
    });
    const checksum = new FileChecksum(blob, 'md5');
    const { signal } = new AbortController();
    await expect(checksum.digest(signal)).rejects.toMatchObject({ code: 'unreadable' });
    isAway = false;
    expect(await checksum.digest(signal)).toBe(right);
  });
});
