import { randomBytes } from 'node:crypto';
import { setTimeout as sleep } from 'node:timers/promises';
import { ChunkedUploadStatus } from 'nestjs-chunked-upload';
import {
  ChunkedUpload,
  type ChunkedUploadOptions,
  type Representation,
  type UploadError,
} from 'nestjs-chunked-upload/client';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { BadNetwork } from '../support/bad-network.js';
import { type Host, startHost } from '../support/host.js';
import { until } from '../support/waiting.js';
import { MemoryStorage } from '../unit/client.double.js';

const MIB = 1024 * 1024;

describe('the client in Node', () => {
  let host: Host;
  let network: BadNetwork;
  const content = randomBytes(12 * MIB);
  const file = new File([content], 'film.mp4', { lastModified: 1 });

  beforeAll(async () => {
    host = await startHost();
  });
  afterAll(() => host.close());
  beforeEach(async () => {
    network = await BadNetwork.to(host.url);
  });
  afterEach(() => network.close());

  const uploadOf = (blob: Blob, options: Partial<ChunkedUploadOptions> = {}): ChunkedUpload =>
    new ChunkedUpload(blob, {
      endpoint: `${network.url}/uploads`,
      headers: { 'x-user': 'alice' },
      chunkSize: 2 * MIB,
      ...options,
    });

  const expectEqual = async ({ file: url }: Representation): Promise<void> => {
    const response = await fetch(String(url), { headers: { 'x-user': 'alice' } });
    expect(Buffer.from(await response.arrayBuffer()).equals(content)).toBe(true);
  };

  it('sends a file', async () => {
    const answer = await uploadOf(file).start();
    expect(answer).toMatchObject({ status: 2, filename: 'film.mp4', creator: 'alice' });
    await expectEqual(answer);
  });

  it('sends an empty file', async () => {
    const answer = await uploadOf(new File([], 'empty.txt')).start();
    expect(answer).toMatchObject({ status: 2, offset: 0 });
  });

  it('goes on after cut connections', async () => {
    let cuts = 0;
    const upload = uploadOf(file, {
      onRetry: () => {
        cuts += 1;
        if (cuts < 4) void network.after(2.5 * MIB, 'cut');
      },
    });
    void network.after(MIB, 'cut');
    await expectEqual(await upload.start());
    expect(cuts).toBe(4);
  });

  it('finds an upload again whose first answer was lost', async () => {
    const lost = new File([content], 'lost.mp4');
    void network.after(100_000, 'cut');
    await expectEqual(await uploadOf(lost).start());

    const list = await fetch(`${host.url}/uploads`, { headers: { 'x-user': 'alice' } });
    const uploads = (await list.json()) as Representation[];
    expect(uploads.filter(({ filename }) => filename === 'lost.mp4')).toHaveLength(1);
  });

  it('pauses and resumes', async () => {
    const held = network.after(3 * MIB, 'hold');
    const upload = uploadOf(file);
    const answer = upload.start();
    await held;

    upload.pause();
    network.release();
    upload.resume();
    await expectEqual(await answer);
  });

  it('removes what has arrived when it is aborted', async () => {
    const held = network.after(3 * MIB, 'hold');
    const upload = uploadOf(file, { headers: { 'x-user': 'bob' } });
    const rejected = expect(upload.start()).rejects.toMatchObject({ code: 'aborted' });
    await held;
    network.release();

    await upload.abort();
    await rejected;
    const list = await fetch(`${host.url}/uploads`, { headers: { 'x-user': 'bob' } });
    expect(await list.json()).toEqual([]);
  });

  describe('aborted while onComplete runs', () => {
    let completing: Host;
    let hook: () => Promise<void>;
    const completed: string[] = [];
    beforeAll(async () => {
      completing = await startHost({
        upload: {
          onComplete: async ({ id }) => {
            completed.push(id);
            await hook();
            return { photo: id };
          },
        },
      });
    });
    afterAll(() => completing.close());
    beforeEach(async () => {
      hook = () => sleep(200);
      await network.close();
      network = await BadNetwork.to(completing.url);
    });

    /** Aborts while the completing request is answered, once `before` has been done. */
    const abortWhileCompleting = async (before: () => void | Promise<void>) => {
      const asked = completed.length;
      const upload = uploadOf(new File(['hello'], 'a.txt'), { retryDelays: [60_000] });
      const answer = upload.start().catch((error: UploadError) => error.code);
      await until('onComplete runs', () => completed.length > asked);
      await before();
      const aborted = await upload.abort().catch((error: UploadError) => error.code);
      return { upload, aborted, answer: await answer, id: completed.at(-1) ?? '' };
    };

    it('deletes nothing, and is complete', async () => {
      const { upload, answer, id } = await abortWhileCompleting(() => undefined);
      expect(upload.state).toBe('complete');
      expect(answer).toEqual({ photo: id });
      expect((await completing.uploads.findOne(id)).status).toBe(2);
    });

    it('deletes nothing where the connection has broken', async () => {
      const { upload, aborted, id } = await abortWhileCompleting(() => network.cut());
      expect(aborted).toBeUndefined();
      expect(upload.state).toBe('complete');
      expect(await upload.start()).toEqual({ photo: id });
      expect((await completing.uploads.findOne(id)).status).toBe(2);
    });

    it('deletes nothing where that takes longer than the server lets it wait', async () => {
      let end = (): void => undefined;
      hook = () => new Promise((resolve) => (end = resolve));
      const { upload, aborted, id } = await abortWhileCompleting(() => network.cut());
      expect(aborted).toBe('unavailable');
      end();
      await until('it is complete', async () => {
        const { status } = await completing.uploads.findOne(id);
        return status === ChunkedUploadStatus.Complete;
      });
      await upload.abort();
      expect(upload.state).toBe('complete');
      expect((await completing.uploads.findOne(id)).status).toBe(2);
    });
  });

  it('shares one upload between two that remember it, without a wrong byte', async () => {
    const storage = new MemoryStorage();
    const held = network.after(3 * MIB, 'hold');
    const controller = new AbortController();
    const rejected = expect(
      uploadOf(file, { storage, signal: controller.signal }).start(),
    ).rejects.toMatchObject({ code: 'aborted' });
    await held;
    controller.abort();
    await rejected;
    network.release();

    const both = [uploadOf(file, { storage }), uploadOf(file, { storage })];
    const answers = await Promise.all(both.map((upload) => upload.start()));
    expect(answers[0]?.id).toBe(answers[1]?.id);
    for (const answer of answers) await expectEqual(answer);
  });

  it('begins anew when the remembered upload is gone', async () => {
    const storage = new MemoryStorage();
    const held = network.after(3 * MIB, 'hold');
    const controller = new AbortController();
    const first = uploadOf(file, { storage, signal: controller.signal }).start();
    const rejected = expect(first).rejects.toMatchObject({ code: 'aborted' });
    await held;
    controller.abort();
    await rejected;
    network.release();
    for (const upload of await host.uploads.find({})) await host.uploads.remove(upload.id);

    await expectEqual(await uploadOf(file, { storage }).start());
  });

  it('tells the words of a refusal', async () => {
    const upload = uploadOf(file, { fileName: 'x'.repeat(256) });
    await expect(upload.start()).rejects.toMatchObject({
      code: 'refused',
      status: 400,
      detail: { filename: [expect.any(String)] },
    });
  });
});
