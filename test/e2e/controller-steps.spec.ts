import {
  type AbstractChunkedUpload,
  ChunkedUploadController,
  type CompletedUpload,
  type HostRequest,
  type SizeLimits,
  type UploadAccess,
  type UploadContext,
  type UploadRepresentation,
} from 'nestjs-chunked-upload';
import { describe, expect, it } from 'vitest';
import { type Host, withHost } from '../support/host.js';
import { UploadClient, md5, sample } from '../support/upload-client.js';

const file = sample(300);
const first = file.subarray(0, 100);
const next = file.subarray(100);

type Controller = new () => ChunkedUploadController;

function withController(
  controller: Controller,
  work: (client: UploadClient, host: Host) => Promise<void>,
): Promise<void> {
  return withHost({ upload: { controller } }, (host) =>
    work(new UploadClient(`${host.url}/uploads`), host),
  );
}

describe('Steps of a controller of the host', () => {
  it('user: who calls, also where that takes time to find out', async () => {
    class Own extends ChunkedUploadController {
      protected override async user(request: HostRequest): Promise<number> {
        return Promise.resolve(request.body === undefined ? 7 : 8);
      }
    }
    await withController(Own, async (client) => {
      expect((await client.as(null).begin(first, 300)).creator).toBe('7');
    });
  });

  it('access: a team shares its uploads, in every verb and in the list', async () => {
    class Team extends ChunkedUploadController {
      protected override access({ creator }: UploadContext): UploadAccess {
        return { creators: creator === 'ann' || creator === 'bob' ? ['ann', 'bob'] : [creator] };
      }
    }
    await withController(Team, async (ann) => {
      const [bob, eve] = [ann.as('bob'), ann.as('eve')];
      const { id } = await ann.begin(first, 300);
      await bob.begin(first, 300);
      await eve.begin(first, 300);
      expect((await eve.get(id)).status).toBe(404);
      expect((await eve.put('bytes 100-299/300', next, { id })).status).toBe(404);
      expect((await bob.get(id)).status).toBe(200);
      expect((await bob.head(id)).status).toBe(200);
      expect((await bob.put('bytes 100-299/300', next, { id })).upload.offset).toBe(300);
      expect((await bob.complete(id, md5(file))).upload.creator).toBe('ann');
      expect((await bob.download(id)).bytes).toEqual(file);
      const creators = (await bob.list()).map(({ creator }) => creator);
      expect(creators).toEqual(['ann', 'bob']);
      expect((await eve.list()).map(({ creator }) => creator)).toEqual(['eve']);
      expect((await eve.delete(id)).status).toBe(404);
      expect((await bob.delete(id)).status).toBe(204);
    });
  });

  it('access: all, for whom the host chooses', async () => {
    class Admins extends ChunkedUploadController {
      protected override async access(context: UploadContext): Promise<UploadAccess> {
        return context.creator === 'admin' ? 'all' : super.access(context);
      }
    }
    await withController(Admins, async (ann) => {
      const { id } = await ann.begin(first, 300);
      const anonymous = await ann.as(null).begin(first, 300);
      const admin = ann.as('admin');
      expect((await admin.list()).map((upload) => upload.id)).toEqual([id, anonymous.id]);
      expect((await ann.as('bob').get(id)).status).toBe(404);
      expect((await ann.get(anonymous.id)).status).toBe(404);
      expect((await admin.get(anonymous.id)).status).toBe(200);
    });
  });

  it('limits: what the files of a caller may measure', async () => {
    class Limited extends ChunkedUploadController {
      protected override async limits(context: UploadContext): Promise<SizeLimits> {
        const { min } = await super.limits(context);
        return { min, max: context.creator === 'free' ? 200 : null };
      }
    }
    await withController(Limited, async (ann) => {
      const free = await ann.as('free').put('bytes 0-99/300', first);
      expect(free.detail).toBe('Size of file exceeds the limit (200 bytes)');
      const unknown = await ann.as('free').begin(first, '*');
      const options = { id: unknown.id };
      expect((await ann.as('free').put('bytes 100-299/*', next, options)).status).toBe(400);
      expect((await ann.begin(first, 300)).offset).toBe(100);
    });
  });

  it('represent and answerCompletion: what is answered', async () => {
    class Shown extends ChunkedUploadController {
      protected override represent(
        upload: AbstractChunkedUpload,
        url: string,
      ): UploadRepresentation {
        return { ...super.represent(upload, url), percent: upload.offset / 3 };
      }

      protected override answerCompletion(
        completed: CompletedUpload<AbstractChunkedUpload>,
      ): unknown {
        return { done: completed.upload.filename };
      }
    }
    await withController(Shown, async (ann) => {
      const begun = await ann.begin(sample(150), 300);
      expect(begun['percent']).toBe(50);
      expect((await ann.list())[0]).toEqual(begun);
      const whole = await ann.whole(file, { query: { md5: md5(file) } });
      expect(whole.body).toEqual({ done: 'file.bin' });
    });
  });

  it('redirectDownload: the file is fetched elsewhere', async () => {
    class Signed extends ChunkedUploadController {
      protected override redirectDownload(upload: AbstractChunkedUpload): URL | undefined {
        if (upload.filename === 'here.bin') return undefined;
        return new URL(`https://store.example/${upload.id}?signature=1`);
      }
    }
    await withController(Signed, async (ann, host) => {
      const { id } = await ann.file(file);
      for (const method of ['GET', 'HEAD']) {
        const url = `${host.url}/uploads/${id}/file`;
        const headers = { 'x-user': 'ann', range: 'bytes=0-9' };
        const answer = await fetch(url, { method, headers, redirect: 'manual' });
        expect(answer.status).toBe(302);
        expect(answer.headers.get('location')).toBe(`https://store.example/${id}?signature=1`);
        expect(answer.headers.get('content-disposition')).toBeNull();
        const stranger = await fetch(url, { method, headers: {}, redirect: 'manual' });
        expect(stranger.status).toBe(404);
      }
      const here = await ann.file(file, { filename: 'here.bin' });
      expect((await ann.download(here.id)).bytes).toEqual(file);
    });
  });
});
