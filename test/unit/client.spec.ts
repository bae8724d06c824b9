import { createHash, randomBytes } from 'node:crypto';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { openAsBlob } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Readable } from 'node:stream';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import {
  ChunkedUpload,
  type ChunkedUploadOptions,
  type KeyValueStorage,
  type RememberedUpload,
  type Retry,
  UploadError,
  UploadMemory,
  type UploadState,
  discardUpload,
} from '../../src/client/index.js';
import { type Fault, MemoryStorage, UploadServerDouble } from './client.double.js';

const KIB = 1024;
const CHUNK = 400 * KIB;
const content = randomBytes(1000 * KIB);
const file = new File([content], 'film.mp4', { type: 'video/mp4', lastModified: 1 });

describe('the client', () => {
  let server: UploadServerDouble;
  let endpoint: string;

  beforeEach(async () => {
    server = new UploadServerDouble();
    endpoint = await server.start();
  });
  afterEach(() => server.stop());

  const uploadOf = (blob: Blob, options: Partial<ChunkedUploadOptions> = {}): ChunkedUpload =>
    new ChunkedUpload(blob, { endpoint, chunkSize: CHUNK, retryDelays: [1, 1, 1], ...options });

  /** The first request of this line meets the fault, the others the server. */
  const once = (line: RegExp, fault: Fault): void => {
    let met = false;
    server.fault = (seen) => {
      if (met || !line.test(seen)) return null;
      met = true;
      return fault;
    };
  };

  const expectAllThere = (): void => {
    expect(server.only.record.status).toBe(2);
    expect(server.only.bytes.equals(content)).toBe(true);
  };

  describe('without trouble', () => {
    it('sends a small first chunk for the id, then chunks, then the sum', async () => {
      const answer = await uploadOf(file).start();

      const { id } = server.only.record;
      expect(server.log).toEqual([
        `PUT /uploads bytes 0-262143/1024000`,
        `PUT /uploads/${id} bytes 262144-671743/1024000`,
        `PUT /uploads/${id} bytes 671744-1023999/1024000`,
        `POST /uploads/${id}`,
      ]);
      expect(answer).toMatchObject({ id, status: 2, filename: 'film.mp4' });
      expectAllThere();
    });

    it('sends a file smaller than a chunk as one chunk and completes it', async () => {
      await uploadOf(new File(['abc'], 'a.txt')).start();

      expect(server.log[0]).toBe('PUT /uploads bytes 0-2/3');
      expect(server.log[1]).toMatch(/^POST \/uploads\/.+/);
      expect(server.log).toHaveLength(2);
    });

    it('sends an empty file in one request, which has no range', async () => {
      const seen: string[] = [];
      server.fault = (_, request) => (seen.push(request.url ?? ''), null);

      await uploadOf(new File([], 'empty.txt')).start();

      expect(seen).toEqual(['/uploads?filename=empty.txt&md5=d41d8cd98f00b204e9800998ecf8427e']);
    });

    it('streams a file from disk in Node', async () => {
      const folder = await mkdtemp(join(tmpdir(), 'client-'));
      try {
        await writeFile(join(folder, 'film.mp4'), content);
        await uploadOf(await openAsBlob(join(folder, 'film.mp4')), { fileName: 'x.mp4' }).start();
        expectAllThere();
      } finally {
        await rm(folder, { recursive: true });
      }
    });

    it('sends fields with the first request and headers, asked anew, with every one', async () => {
      const tokens: unknown[] = [];
      server.fault = (_, { headers }) => (tokens.push(headers.authorization), null);
      let issued = 0;

      await uploadOf(file, {
        fields: { owner_type: 'person', owner_id: 1 },
        headers: () => ({ Authorization: `token ${++issued}` }),
      }).start();

      expect(server.only.record).toMatchObject({ owner_type: 'person', owner_id: '1' });
      expect(tokens).toEqual(['token 1', 'token 2', 'token 3', 'token 4']);
    });

    it('tells states and progress', async () => {
      const states: UploadState[] = [];
      const sent: number[] = [];
      const upload = uploadOf(file, {
        onStateChange: (state) => states.push(state),
        onProgress: (progress) => sent.push(progress.sent),
      });

      await upload.start();

      expect(states).toEqual(['sending', 'completing', 'complete']);
      expect(sent).toEqual([262144, 671744, 1024000]);
      expect(upload.progress).toMatchObject({ sent: 1024000, total: 1024000 });
    });

    it('answers one promise however often it is started', async () => {
      const upload = uploadOf(file);
      expect(upload.start()).toBe(upload.start());
      await upload.start();
      expect(server.uploads.size).toBe(1);
    });

    it.each([
      ['/tmp/x', 'not a path. In Node: await openAsBlob("/tmp/x") of node:fs'],
      [undefined, 'not undefined. Has a file been chosen? In a page: input.files[0]'],
      [null, 'not null'],
      [Buffer.from('x'), 'not raw bytes. Wrap them: new Blob([bytes])'],
      [new ArrayBuffer(1), 'not raw bytes'],
      [Readable.from(['x']), 'not a stream'],
      [new Blob(['x']).stream(), 'not a stream'],
      [[new Blob(['x'])], 'one at a time. In a page: input.files[0]'],
      [{}, 'not [object Object]'],
      [5, 'not [object Number]'],
    ])('wants a file, and not %o', (given, sentence) => {
      const wrong = () => uploadOf(given as unknown as Blob);
      expect(wrong).toThrow(TypeError);
      expect(wrong).toThrow(`ChunkedUpload takes a File or a Blob, `);
      expect(wrong).toThrow(sentence);
    });

    it('takes what is a file in all but its class', async () => {
      const { size, type } = file;
      const slice = file.slice.bind(file);
      const arrayBuffer = file.arrayBuffer.bind(file);
      const alike = { size, type, slice, arrayBuffer } as unknown as Blob;
      await uploadOf(alike, { fileName: 'a.bin' }).start();
      expect(server.only.record).toMatchObject({ status: 2, filename: 'a.bin' });
      expectAllThere();
    });

    it('names the endpoint where that answers something else', async () => {
      server.fault = () => (_, response) => void response.writeHead(200).end('<!doctype html>');
      const error = await uploadOf(file)
        .start()
        .catch((reason: unknown) => reason);
      expect(error).toMatchObject({
        code: 'protocol',
        message: `The answer is not JSON. Is ${endpoint} where uploads are?`,
      });
    });

    it('wants an endpoint and a checksum that it knows', () => {
      const without = () => new ChunkedUpload(file, undefined as never);
      expect(without).toThrow('The endpoint must be an absolute URL here');
      expect(without).toThrow('and not "undefined"');
      const wrong = { checksum: 'md6' as 'md5' };
      expect(() => uploadOf(file, wrong)).toThrow(
        'checksum must be one of md5, sha1, sha256, sha512, blake3, crc32, or false, not md6',
      );
    });

    it('wants a name and a sensible chunk size', () => {
      expect(() => uploadOf(new Blob(['x']))).toThrow('fileName');
      expect(() => uploadOf(file, { chunkSize: 0 })).toThrow('chunkSize');
      expect(() => uploadOf(file, { endpoint: '/relative' })).toThrow(
        'The endpoint must be an absolute URL here, such as "https://example.com/uploads", and not "/relative"',
      );
    });
  });

  describe('after a failure', () => {
    it('goes on from the byte that the server reached when the connection broke', async () => {
      once(/PUT .* bytes 262144/, server.cutAfter(100_000));

      await uploadOf(file).start();

      const { id } = server.only.record;
      expect(server.log.slice(1, 4)).toEqual([
        `PUT /uploads/${id} bytes 262144-671743/1024000`,
        `HEAD /uploads/${id}`,
        `PUT /uploads/${id} bytes 362144-771743/1024000`,
      ]);
      expectAllThere();
    });

    it.each([
      [423, { detail: 'Another request is writing this upload' }],
      [429, {}],
      [502, '<html>'],
      [503, { detail: 'The storage is away' }],
      [507, { detail: 'The storage is full' }],
      [400, { detail: 'Offsets do not match', offset: 1, expected_offset: 1, provided_offset: 2 }],
      [400, { detail: 'Upload has already been marked as "complete"' }],
    ])('asks where the server stands after %i %j', async (status, body) => {
      once(/PUT .* bytes 262144/, server.refuse(status, body));
      await uploadOf(file).start();
      expect(server.log.filter((line) => line.startsWith('HEAD'))).toHaveLength(1);
      expectAllThere();
    });

    it('waits as long as Retry-After says', async () => {
      const retries: Retry[] = [];
      once(/PUT .* bytes 262144/, server.refuse(503, {}, { 'Retry-After': '1' }));

      await uploadOf(file, { onRetry: (retry) => retries.push(retry) }).start();

      expect(retries).toMatchObject([{ attempt: 1, delay: 1000, error: { status: 503 } }]);
    });

    it('gives up after the last delay, and can be started again', async () => {
      server.fault = (line) => (/bytes 262144/.test(line) ? server.refuse(503) : null);
      const upload = uploadOf(file);

      await expect(upload.start()).rejects.toMatchObject({ code: 'unavailable', status: 503 });
      expect(upload.state).toBe('failed');
      expect(server.log.filter((line) => line.startsWith('PUT'))).toHaveLength(5);

      server.fault = () => null;
      await upload.start();
      expectAllThere();
    });

    it('shows no less than it has shown', async () => {
      once(/bytes 262144/, server.cutAfter(100 * KIB));
      const shown: number[] = [];
      await uploadOf(file, { onProgress: ({ sent }) => shown.push(sent) }).start();
      expect(shown).toEqual(shown.toSorted((one, other) => one - other));
    });

    it('tries now when asked to', async () => {
      once(/PUT/, server.refuse(503, {}, { 'retry-after': '3600' }));
      const upload = uploadOf(file, { onRetry: () => setImmediate(() => upload.tryNow()) });
      await upload.start();
      expectAllThere();
    });

    it('counts tries anew whenever bytes got through', async () => {
      let cuts = 0;
      server.fault = (line) =>
        /PUT .* bytes [1-9]/.test(line) && cuts++ < 10 ? server.cutAfter(10_000) : null;
      await uploadOf(file).start();
      expect(cuts).toBeGreaterThan(10);
      expectAllThere();
    });

    it('halves the chunks that a proxy finds too large', async () => {
      const limit = 150 * KIB;
      server.fault = (_, { headers }) =>
        Number(headers['content-length']) > limit ? server.refuse(413, '<html>') : null;

      await uploadOf(file).start();

      expect(server.log.slice(0, 4)).toMatchObject([
        'PUT /uploads bytes 0-262143/1024000',
        'GET /uploads',
        'PUT /uploads bytes 0-131071/1024000',
        expect.stringMatching(/bytes 131072-262143/) as string,
      ]);
      expectAllThere();
    });

    it('fails when even the smallest chunk is too large', async () => {
      server.fault = () => server.refuse(413);
      await expect(uploadOf(file).start()).rejects.toMatchObject({ code: 'too-large' });
    });

    it('makes no smaller chunks where the server itself finds the file too large', async () => {
      const detail = 'The file is larger than the storage can hold';
      server.fault = () => server.refuse(413, { detail });
      const error = { code: 'refused', status: 413, message: detail, canRetry: false };
      await expect(uploadOf(file).start()).rejects.toMatchObject(error);
      expect(server.log).toHaveLength(1);
    });

    it('repeats a completion whose answer was lost', async () => {
      once(/POST/, (request, response) => void response.destroy());
      await uploadOf(file).start();
      expect(server.log.filter((line) => line.startsWith('POST'))).toHaveLength(2);
      expectAllThere();
    });

    it('does not repeat what the server refuses, and tells its words', async () => {
      server.fault = () => server.refuse(400, { detail: { file: ['Too small.', 'And ugly.'] } });

      const error: unknown = await uploadOf(file)
        .start()
        .catch((reason: unknown) => reason);

      expect(error).toBeInstanceOf(UploadError);
      expect(error).toMatchObject({
        code: 'refused',
        status: 400,
        message: 'Too small. And ugly.',
        detail: { file: ['Too small.', 'And ugly.'] },
      });
      expect(server.log).toHaveLength(1);
    });

    it('says so when what arrived differs from the file', async () => {
      once(/POST/, (request, response) => {
        server.only.bytes[5] = 1 + (server.only.bytes[5] ?? 0);
        return server.refuse(400, { detail: 'md5 checksum does not match' })(request, response);
      });
      await expect(uploadOf(file).start()).rejects.toMatchObject({ code: 'checksum-mismatch' });
    });

    it('says so when the file changed under its hands, instead of trying for minutes', async () => {
      const folder = await mkdtemp(join(tmpdir(), 'client-'));
      try {
        const path = join(folder, 'film.mp4');
        await writeFile(path, content);
        const blob = await openAsBlob(path);
        once(/bytes 262144/, async (request, response) => {
          await writeFile(path, 'something else');
          response.destroy();
        });
        const upload = uploadOf(blob, { fileName: 'film.mp4' });
        await expect(upload.start()).rejects.toMatchObject({ code: 'unreadable' });
      } finally {
        await rm(folder, { recursive: true });
      }
    });
  });

  describe('when the first answer is lost', () => {
    it('finds the upload in the list of the caller', async () => {
      once(/PUT/, server.cutAfter(1000));
      await uploadOf(file).start();
      expect(server.log[1]).toBe('GET /uploads');
      expect(server.log[3]).toMatch(/PUT \/uploads\/.* bytes 1000-/);
      expectAllThere();
    });

    it('begins anew when it is in no list', async () => {
      server.lists = false;
      once(/PUT/, server.cutAfter(1000));
      await uploadOf(file).start();
      expect([...server.uploads.values()].map(({ bytes }) => bytes.length)).toEqual([
        1000, 1024000,
      ]);
    });

    it('begins anew when the caller may not list', async () => {
      const cut = server.cutAfter(1000);
      server.fault = (line) => {
        if (line.startsWith('GET')) return server.refuse(403);
        return server.uploads.size === 0 ? cut : null;
      };
      await uploadOf(file).start();
      expect(server.uploads.size).toBe(2);
    });
  });

  describe('pause, resume, abort', () => {
    /** Resolves when a request of this line arrived; it is never answered. */
    const held = (line: RegExp): Promise<void> =>
      new Promise((resolve) => once(line, () => resolve()));

    it('stops sending and goes on with the same promise', async () => {
      const arrived = held(/bytes 262144/);
      const upload = uploadOf(file);
      const answer = upload.start();
      await arrived;

      upload.pause();
      expect(upload.state).toBe('paused');
      const requests = server.log.length;
      await new Promise((resolve) => setTimeout(resolve, 20));
      expect(server.log).toHaveLength(requests);

      upload.resume();
      await answer;
      expect(server.log[requests]).toMatch(/^HEAD/);
      expectAllThere();
    });

    it('can be paused in the moment in which it is started', async () => {
      const upload = uploadOf(file);
      const answer = upload.start();
      upload.pause();
      await sleep(20);
      expect(upload.state).toBe('paused');
      expect(server.log).toEqual([]);
      upload.resume();
      await answer;
      expectAllThere();
    });

    it('begins anew, once, when the upload has expired during the pause', async () => {
      const arrived = held(/bytes 262144/);
      const upload = uploadOf(file);
      const answer = upload.start();
      await arrived;
      upload.pause();
      server.uploads.clear();

      upload.resume();
      await answer;
      expectAllThere();
    });

    it('does not bring back what somebody removed under way', async () => {
      once(/bytes 262144/, (...both) => {
        server.uploads.clear();
        return server.refuse(404, { detail: 'Not found.' })(...both);
      });
      await expect(uploadOf(file).start()).rejects.toMatchObject({ code: 'gone' });
      expect(server.uploads.size).toBe(0);
    });

    /** An upload whose second chunk gets no answer; it is to end as aborted. */
    const underWay = async () => {
      const arrived = held(/bytes 262144/);
      const upload = uploadOf(file);
      const answer = expect(upload.start()).rejects.toMatchObject({ code: 'aborted' });
      await arrived;
      return { upload, answer };
    };

    it('removes the upload from the server when it is aborted', async () => {
      const { upload, answer } = await underWay();

      await upload.abort();
      await answer;
      expect(upload.state).toBe('aborted');
      expect(server.uploads.size).toBe(0);
    });

    it.each(['HEAD', 'DELETE'])(
      'can be aborted while the server still stores what came: its %s is locked for a while',
      async (method) => {
        const { upload, answer } = await underWay();
        let locked = 0;
        server.fault = (line) => {
          if (!line.startsWith(method) || locked === 2) return null;
          locked += 1;
          return server.refuse(423);
        };
        await upload.abort();
        await answer;
        expect(locked).toBe(2);
        expect(upload.state).toBe('aborted');
        expect(server.uploads.size).toBe(0);
      },
    );

    it('is not aborted for now where the server says that it stays locked for longer', async () => {
      const { upload, answer } = await underWay();
      server.fault = (line) =>
        line.startsWith('HEAD') ? server.refuse(423, {}, { 'Retry-After': '60' }) : null;
      await expect(upload.abort()).rejects.toMatchObject({ status: 423, retryAfter: 60_000 });
      await answer;
      expect(server.uploads.size).toBe(1);
    });

    it('can be aborted while paused, and before it started', async () => {
      const { upload, answer } = await underWay();
      upload.pause();
      await upload.abort();
      await answer;
      expect(server.uploads.size).toBe(0);

      await uploadOf(file).abort();
    });

    describe('while the completing request is on its way', () => {
      /** Aborts once the completing request has arrived; `work` is what the server does with it. */
      const abortAt = async (work: Fault, options: Partial<ChunkedUploadOptions> = {}) => {
        const upload = uploadOf(file, options);
        let aborted: Promise<void> = Promise.resolve();
        once(/POST/, async (request, response) => {
          aborted = upload.abort();
          aborted.catch(() => undefined);
          await work(request, response);
        });
        const answer = await upload.start().catch((error: UploadError) => error);
        await aborted;
        return { upload, answer };
      };
      const deletions = (): number => server.log.filter((line) => /DELETE/.test(line)).length;
      const complete = (): void => {
        const { only } = server;
        only.record = { ...only.record, status: 2, file: 'http://double/file' };
      };

      it('waits for its answer: the upload is complete, and nothing is deleted', async () => {
        const { upload, answer } = await abortAt(async (_, response) => {
          await sleep(50);
          complete();
          response.end(JSON.stringify(server.only.record));
        });
        expect(upload.state).toBe('complete');
        expect(answer).toMatchObject({ id: server.only.record.id, status: 2 });
        expect(deletions()).toBe(0);
      });

      it('asks where the answer got lost, and deletes nothing that is complete', async () => {
        const states: UploadState[] = [];
        const { upload, answer } = await abortAt(
          (_, response) => {
            complete();
            response.destroy();
          },
          { onStateChange: (state) => states.push(state) },
        );
        expect(answer).toMatchObject({ code: 'aborted' });
        expect(states).toEqual(['sending', 'completing', 'complete']);
        expect(deletions()).toBe(0);
        expectAllThere();

        expect(await upload.start()).toMatchObject({ status: 2 });
        expect(server.uploads.size).toBe(1);
      });

      it('asks as well after a pause, which breaks the request off', async () => {
        const upload = uploadOf(file);
        const arrived = held(/POST/);
        const answer = expect(upload.start()).rejects.toMatchObject({ code: 'aborted' });
        await arrived;
        upload.pause();
        complete();

        await upload.abort();
        await answer;
        expect(upload.state).toBe('complete');
        expectAllThere();
      });

      it('deletes nothing while the server is still completing, and says so', async () => {
        const upload = uploadOf(file);
        server.fault = (line) => {
          if (/POST/.test(line)) return (_, response) => void response.destroy();
          if (/bytes 0-0\//.test(line)) return server.refuse(423);
          return null;
        };
        const answer = upload.start().catch((error: UploadError) => error.code);
        while (upload.state !== 'retrying') await sleep(1);
        await expect(upload.abort()).rejects.toMatchObject({ code: 'unavailable', status: 423 });
        expect(await answer).toBe('aborted');
        expect(deletions()).toBe(0);

        complete();
        server.fault = () => null;
        await upload.abort();
        expect(upload.state).toBe('complete');
        expect(deletions()).toBe(0);
      });

      it('removes what the server has refused to complete', async () => {
        const { upload, answer } = await abortAt(
          server.refuse(400, { detail: 'md5 checksum does not match' }),
        );
        expect(answer).toMatchObject({ code: 'aborted' });
        expect(upload.state).toBe('aborted');
        expect(server.uploads.size).toBe(0);
      });

      it('waits for the one request of an empty file', async () => {
        const upload = uploadOf(new File([], 'empty.txt'));
        let aborted: Promise<void> = Promise.resolve();
        server.fault = () => {
          aborted = upload.abort();
          server.fault = () => null;
          return null;
        };
        await upload.start();
        await aborted;
        expect(upload.state).toBe('complete');
        expect(server.uploads.size).toBe(1);
      });
    });

    it('removes nothing that another tab has completed', async () => {
      const storage = new MemoryStorage();
      const arrived = held(/bytes 262144/);
      const upload = uploadOf(file, { storage });
      const answer = expect(upload.start()).rejects.toMatchObject({ code: 'aborted' });
      await arrived;
      await uploadOf(file, { storage }).start();

      await upload.abort();
      await answer;
      expect(upload.state).toBe('complete');
      expectAllThere();
    });

    it('leaves a complete upload where it is', async () => {
      const upload = uploadOf(file);
      await upload.start();
      await upload.abort();
      expectAllThere();
      expect(upload.state).toBe('complete');
    });

    it('stops at its signal and leaves what has arrived', async () => {
      const arrived = held(/bytes 262144/);
      const controller = new AbortController();
      const upload = uploadOf(file, { signal: controller.signal });
      const answer = expect(upload.start()).rejects.toMatchObject({ code: 'aborted' });
      await arrived;

      controller.abort();
      await answer;
      expect(server.only.record.offset).toBe(262144);
    });
  });

  describe('after a reload of the page', () => {
    let storage: KeyValueStorage;
    beforeEach(() => (storage = new MemoryStorage()));

    /** Sends one chunk and leaves. */
    const interrupt = async (options: Partial<ChunkedUploadOptions> = {}): Promise<void> => {
      server.fault = (line) => (/bytes 262144/.test(line) ? server.refuse(403) : null);
      await uploadOf(file, { storage, ...options })
        .start()
        .catch(() => undefined);
      server.fault = () => null;
      server.log.length = 0;
    };

    it('goes on when the same file is chosen again, with the sum of the whole', async () => {
      await interrupt();
      expect(new UploadMemory(storage).list()).toMatchObject([
        { fileName: 'film.mp4', size: 1024000, offset: 262144 },
      ]);

      await uploadOf(file, { storage }).start();

      const { id } = server.only.record;
      expect(server.log.slice(0, 2)).toEqual([
        `HEAD /uploads/${id}`,
        `PUT /uploads/${id} bytes 262144-671743/1024000`,
      ]);
      expectAllThere();
      expect(new UploadMemory(storage).list()).toEqual([]);
    });

    it.each([404, 410])('begins anew when the server answers %i', async (status) => {
      await interrupt();
      once(/HEAD/, server.refuse(status));
      await uploadOf(file, { storage }).start();
      expect(server.log[1]).toBe('PUT /uploads bytes 0-262143/1024000');
    });

    it('discards what is not complete, and nothing else', async () => {
      const [incomplete, complete] = [new MemoryStorage(), new MemoryStorage()];
      await interrupt({ storage: incomplete });
      await interrupt({ storage: complete });
      const remembered = [incomplete, complete].flatMap((both) => new UploadMemory(both).list());
      await uploadOf(file, { storage: complete }).start();

      const discard = (upload: RememberedUpload) =>
        discardUpload(upload, {}, new UploadMemory(incomplete));
      expect(await Promise.all(remembered.map(discard))).toEqual(['removed', 'kept']);
      expect(new UploadMemory(incomplete).list()).toEqual([]);
      expectAllThere();
    });

    it('goes on for the owner that it was begun for, and begins anew for another one', async () => {
      const fields = (id: number) => ({ owner_type: 'person', owner_id: id });
      await interrupt({ fields: fields(1) });
      await uploadOf(file, { storage, fields: fields(2) }).start();
      expect(server.log[0]).toMatch(/^PUT \/uploads bytes 0-/);
      server.log.length = 0;
      await uploadOf(file, { storage, fields: fields(1) }).start();
      expect(server.log[0]).toMatch(/^HEAD/);
    });

    it('takes no other file, no other endpoint and no other user for it', async () => {
      await interrupt({ scope: 'alice' });
      const others: [Blob, Partial<ChunkedUploadOptions>][] = [
        [
          new File([content], 'film.mp4', { type: 'video/mp4', lastModified: 2 }),
          { scope: 'alice' },
        ],
        [file, { scope: 'alice', endpoint: `${endpoint}?other` }],
        [file, { scope: 'bob' }],
        [file, { scope: 'alice', fields: { owner_type: 'person', owner_id: 1 } }],
      ];
      for (const [blob, options] of others) {
        server.log.length = 0;
        await uploadOf(blob, { storage, ...options }).start();
        expect(server.log[0]).toMatch(/^PUT \/uploads bytes 0-/);
      }
    });

    it('forgets what the server refuses for good', async () => {
      server.fault = (line) => (/bytes 262144/.test(line) ? server.refuse(400, {}) : null);
      await expect(uploadOf(file, { storage }).start()).rejects.toMatchObject({ code: 'refused' });
      expect(new UploadMemory(storage).list()).toEqual([]);
    });

    it('works where the storage is forbidden', async () => {
      storage.setItem =
        storage.getItem =
        storage.removeItem =
          () => {
            throw new Error('QuotaExceededError');
          };
      await uploadOf(file, { storage }).start();
      expectAllThere();
    });
  });

  it('sends the sum that the server wants, under its name', async () => {
    let body = '';
    once(/POST/, async (request, response) => {
      for await (const piece of request) body += String(piece);
      response.end('{"anything":"the host answers"}');
    });

    const answer = await uploadOf(file, { checksum: 'sha256' }).start();

    expect(JSON.parse(body)).toEqual({
      sha256: createHash('sha256').update(content).digest('hex'),
    });
    expect(answer).toEqual({ anything: 'the host answers' });
  });

  it('sends more files at once than a page has WebAssembly instances', async () => {
    const many = Array.from({ length: 200 }, (_, index) => new File([`${index}`], `${index}.txt`));
    const hashed = many.map((each) => uploadOf(each, { storage: null }).start());
    await Promise.all(hashed);
    expect(server.uploads.size).toBe(200);
  });
});
