import { ForbiddenException, Injectable, Module } from '@nestjs/common';
import { type PolicySubject, type UploadContext, UploadPolicy } from 'nestjs-chunked-upload';
import { describe, expect, it } from 'vitest';
import { type Host, withHost } from '../support/host.js';
import { RawConnection } from '../support/raw-connection.js';
import { storedFiles } from '../support/stored-files.js';
import { UploadClient, md5, sample } from '../support/upload-client.js';

const file = sample(300);
const first = file.subarray(0, 100);

/** Remembers what it was asked, and refuses what `refuse` says. */
class Recorder extends UploadPolicy {
  readonly asked: (PolicySubject & { creator: string | null })[] = [];
  refuse: (upload: PolicySubject) => string | void = () => undefined;

  check(upload: PolicySubject, { creator }: UploadContext): string | void {
    this.asked.push({ ...upload, creator });
    return this.refuse(upload);
  }

  get stages(): string[] {
    return this.asked.map(({ stage, size }) => `${stage} ${size}`);
  }
}

function withPolicy(
  work: (client: UploadClient, policy: Recorder, host: Host) => Promise<void>,
): Promise<void> {
  const policy = new Recorder();
  return withHost({ upload: { policies: [policy] } }, (host) =>
    work(new UploadClient(`${host.url}/uploads`), policy, host),
  );
}

describe('A policy of the host', () => {
  it('is asked when an upload begins, on its first bytes, on each chunk, and when it completes', async () => {
    await withPolicy(async (client, policy) => {
      const { id } = await client.begin(first, 300, { filename: 'a.txt' });
      await client.put('bytes 100-199/300', file.subarray(100, 200), { id });
      await client.put('bytes 200-299/300', file.subarray(200), { id });
      await client.complete(id, md5(file));
      expect(policy.stages).toEqual([
        'begin 100',
        'chunk 200',
        'chunk 300',
        'first-bytes 300',
        'complete 300',
      ]);
      for (const asked of policy.asked) {
        expect(asked).toMatchObject({ filename: 'a.txt', total: 300, creator: 'ann', fields: {} });
      }
    });
  });

  it('is asked about a whole file in one request, and about one of unknown size', async () => {
    await withPolicy(async (client, policy) => {
      await client.whole(file, { query: { md5: md5(file) } });
      expect(policy.stages).toEqual(['begin 300', 'first-bytes 300', 'complete 300']);
      policy.asked.length = 0;
      const { id } = await client.begin(first, '*');
      await client.complete(id, md5(first));
      expect(policy.stages).toEqual(['begin 100', 'first-bytes 100', 'complete 100']);
    });
  });

  it('sees the type as soon as enough bytes are there, and again at the end', async () => {
    await withPolicy(async (client, policy) => {
      const large = Buffer.concat([Buffer.from('%PDF-1.7\n'), sample(5000)]);
      const { id } = await client.begin(large.subarray(0, 3), large.length);
      await client.put(`bytes 3-4099/${large.length}`, large.subarray(3, 4100), { id });
      await client.put(`bytes 4100-5008/${large.length}`, large.subarray(4100), { id });
      await client.complete(id, md5(large));
      expect(policy.asked.map(({ stage, mimeType }) => [stage, mimeType])).toEqual([
        ['begin', null],
        ['chunk', null],
        ['first-bytes', 'application/pdf'],
        ['chunk', 'application/pdf'],
        ['complete', 'application/pdf'],
      ]);
    });
  });

  it.each(['begin', 'first-bytes', 'chunk', 'complete'])(
    'that refuses at "%s" is answered with its words, and changes nothing',
    async (stage) => {
      await withPolicy(async (client, policy, host) => {
        const refusal = { status: 400, body: { detail: { file: ['No.'] } } };
        const id =
          stage === 'chunk' || stage === 'complete' ? (await client.begin(first, 100)).id : '';
        const offset = id && (await client.begin(first, 300)).id;
        const before = await storedFiles(host.root);
        policy.refuse = (upload) => (upload.stage === stage ? 'No.' : undefined);
        if (stage === 'complete') {
          expect(await client.complete(id, md5(first))).toMatchObject(refusal);
          expect((await client.get(id)).upload.status).toBe(1);
        } else if (stage === 'chunk') {
          const next = file.subarray(100);
          const put = await client.put('bytes 100-299/300', next, { id: offset });
          expect(put).toMatchObject(refusal);
          expect(await client.offset(offset)).toBe(100);
        } else {
          expect(await client.put('bytes 0-99/100', first)).toMatchObject(refusal);
          expect(await client.put('bytes 0-99/100', first, { form: {} })).toMatchObject(refusal);
          const query = { md5: md5(first) };
          expect(await client.whole(first, { query })).toMatchObject(refusal);
        }
        expect(await storedFiles(host.root)).toEqual(before);
        policy.refuse = () => undefined;
        if (stage === 'complete') expect((await client.complete(id, md5(first))).status).toBe(200);
        if (stage === 'chunk') {
          const put = await client.put('bytes 100-299/300', file.subarray(100), { id: offset });
          expect(put.status).toBe(200);
        }
      });
    },
  );

  it('is asked about an upload without a name, and again with the name before its first byte', async () => {
    await withPolicy(async (client, policy, host) => {
      const begin = async () => {
        const created = await client.send('POST', { headers: { 'upload-length': '300' } });
        return String(created.body);
      };
      const patch = async (id: string, headers: object) =>
        fetch(`${client.url}?patch=${id}`, {
          method: 'PATCH',
          headers: { 'x-user': 'ann', 'upload-offset': '0', ...headers },
          body: file,
        });
      const ends: ((id: string) => Promise<{ status: number }>)[] = [
        (id) => patch(id, { 'upload-name': 'a.txt' }),
        (id) => patch(id, {}),
        (id) => client.put('bytes 0-299/300', file, { id }),
      ];
      for (const [index, end] of ends.entries()) {
        policy.asked.length = 0;
        const id = await begin();
        expect(policy.asked).toMatchObject([{ stage: 'begin', id, filename: '', total: 300 }]);
        expect([200, 204]).toContain((await end(id)).status);
        const filename = index === 0 ? 'a.txt' : id;
        expect(policy.asked.slice(1, 3)).toMatchObject([
          { stage: 'begin', id, filename, total: 300 },
          { stage: 'chunk', id, filename, total: 300 },
        ]);
      }
      for (const end of ends) {
        policy.refuse = () => undefined;
        const id = await begin();
        policy.refuse = ({ stage }) => (stage === 'begin' ? 'No.' : undefined);
        expect((await end(id)).status).toBe(400);
        expect((await client.get(id)).upload).toMatchObject({ offset: 0, status: 1 });
      }
      const before = await host.uploads.find();
      const refused = await client.send('POST', { headers: { 'upload-length': '300' } });
      expect(refused).toMatchObject({ status: 400, detail: { file: ['No.'] } });
      expect(await host.uploads.find()).toEqual(before);
    });
  });

  it('that refuses the first bytes does so before the rest of them has come', async () => {
    await withPolicy(async (client, policy, host) => {
      policy.refuse = ({ stage }) => (stage === 'first-bytes' ? 'No.' : undefined);
      const connection = await RawConnection.put(host.url, {
        'content-range': 'bytes 0-9999999/10000000',
        'content-length': 10_000_000,
      });
      await connection.write(sample(300_000));
      const { status, json } = await connection.answer();
      expect({ status, json }).toEqual({ status: 400, json: { detail: { file: ['No.'] } } });
      connection.destroy();
      expect(await storedFiles(host.root)).toEqual([]);
    });
  });

  it('judges the name that comes after the file', async () => {
    await withPolicy(async (client, policy, host) => {
      policy.refuse = ({ filename }) => (filename === 'bad.exe' ? 'No programs.' : undefined);
      const form = { filename: 'good.png', after: { filename: 'bad.exe' } };
      const answer = await client.put('bytes 0-99/300', first, { form });
      expect(answer.body).toEqual({ detail: { file: ['No programs.'] } });
      const renamed = { filename: 'bad.exe', after: { filename: 'good.png' } };
      expect((await client.begin(first, 300, { form: renamed })).filename).toBe('good.png');
      expect((await storedFiles(host.root)).length).toBe(1);
    });
  });

  it('keeps its own exception as the answer', async () => {
    await withPolicy(async (client, policy, host) => {
      for (const stage of ['begin', 'first-bytes', 'complete']) {
        policy.refuse = (upload) => {
          if (upload.stage === stage) throw new ForbiddenException('Pay first');
        };
        const answer = await client.whole(file, { query: { md5: md5(file) } });
        expect(answer).toMatchObject({ status: 403, body: { message: 'Pay first' } });
      }
      expect(await storedFiles(host.root)).toEqual([]);
    });
  });

  it.each([
    ['tus', { 'tus-resumable': '1.0.0', 'content-type': 'application/offset+octet-stream' }],
    ['resumable-http', { 'upload-draft-interop-version': '8', 'upload-complete': '?1' }],
  ])('that refuses by an exception leaves nothing of a creation with bytes: %s', async (_, own) => {
    const policy = new Recorder();
    policy.refuse = ({ stage }) => {
      if (stage === 'chunk') throw new ForbiddenException('Not yours');
    };
    const protocols = ['tus', 'resumable-http'] as const;
    await withHost({ upload: { policies: [policy], protocols } }, async (host) => {
      const client = new UploadClient(`${host.url}/uploads`);
      const headers = { 'upload-length': '300', ...own } as Record<string, string>;
      const answer = await client.whole(file, { headers });
      expect(answer).toMatchObject({ status: 403, body: { message: 'Not yours' } });
      expect(answer.headers.get('location')).toBeNull();
      expect(await host.uploads.find()).toEqual([]);
    });
  });

  it('may be a class, which Nest injects into with the imports of the type', async () => {
    @Injectable()
    class Quota {
      readonly left = 200;
    }
    @Module({ providers: [Quota], exports: [Quota] })
    class QuotaModule {}
    @Injectable()
    class QuotaPolicy extends UploadPolicy {
      constructor(private readonly quota: Quota) {
        super();
      }

      async check({ total }: PolicySubject): Promise<string | void> {
        if (total !== null && total > this.quota.left) return 'Your quota is used up.';
      }
    }
    const upload = { imports: [QuotaModule], policies: [QuotaPolicy] };
    await withHost({ upload }, async (host) => {
      const client = new UploadClient(`${host.url}/uploads`);
      const answer = await client.put('bytes 0-99/300', first);
      expect(answer).toMatchObject({ status: 400, detail: { file: ['Your quota is used up.'] } });
      expect((await client.begin(first, 200)).total).toBe(200);
    });
  });

  it('that is none stops the start', async () => {
    const upload = { policies: [{}] } as never;
    await expect(withHost({ upload }, async () => undefined)).rejects.toThrow('"policies"');
  });
});

describe('allowedExtensions', () => {
  it('refuses other names, whatever the case', async () => {
    await withHost({ upload: { allowedExtensions: ['png', '.TXT'] } }, async (host) => {
      const client = new UploadClient(`${host.url}/uploads`);
      for (const filename of ['a.png', 'A.PNG', 'b.txt', 'c.tar.txt']) {
        expect((await client.begin(first, 300, { filename })).filename).toBe(filename);
      }
      for (const filename of ['a.exe', 'png', 'a.png.exe', 'a.jpg.php', 'a.']) {
        const answer = await client.put('bytes 0-99/300', first, { filename });
        expect(answer, filename).toMatchObject({
          status: 400,
          detail: { file: [expect.any(String)] },
        });
      }
    });
  });
});

describe('The stored file', () => {
  it('never has an extension that the rules do not allow', async () => {
    await withHost({ upload: { allowedExtensions: ['txt'] } }, async (host) => {
      const client = new UploadClient(`${host.url}/uploads`);
      const headers = { 'content-disposition': 'attachment; filename="shell.php"' };
      await client.begin(first, 100, { filename: 'ok.txt', headers });
      const form = { before: { filename: 'ok.txt' }, filename: 'shell.php' };
      await client.begin(first, 100, { form });
      await client.whole(first, { form: { ...form, after: { md5: md5(first) } } });
      const extensions = (await storedFiles(host.root)).map((name) => /[^.]*$/.exec(name)?.[0]);
      expect(new Set(extensions)).toEqual(new Set(['done', 'part', 'txt']));
    });
  });
});

describe('allowedMimeTypes', () => {
  const png = Buffer.concat([
    // Signature, IHDR of 13 bytes, and the beginning of the IDAT.
    Buffer.from('89504e470d0a1a0a0000000d49484452000000010000000108060000001f15c4890000', 'hex'),
    Buffer.from('012c49444154', 'hex'),
    sample(300),
  ]);
  const html = Buffer.from('<!-- x --><HTML><script>alert(1)</script></HTML>'.padEnd(300));
  const svg = Buffer.from('<?xml version="1.0"?><svg onload="alert(1)"/>'.padEnd(300));

  it('judges a file by its name and by its first bytes', async () => {
    await withHost({ upload: { allowedMimeTypes: ['image/png', 'text/plain'] } }, async (host) => {
      const client = new UploadClient(`${host.url}/uploads`);
      const whole = (bytes: Buffer, filename: string, form?: object) =>
        client.whole(bytes, {
          filename,
          ...(form ? { form: { filename, after: { md5: md5(bytes) } } } : {}),
          query: form ? {} : { md5: md5(bytes) },
        });
      for (const form of [undefined, {}]) {
        expect((await whole(png, 'a.png', form)).status).toBe(200);
        expect((await whole(Buffer.from('plain words'), 'a.txt', form)).status).toBe(200);
        for (const [bytes, name] of [
          [html, 'a.png'],
          [svg, 'a.png'],
          [sample(300), 'a.png'],
          [html, 'a.txt'],
          [png, 'a.html'],
          [png, 'a'],
        ] as const) {
          const answer = await whole(bytes, name, form);
          expect(answer, name).toMatchObject({
            status: 400,
            detail: { file: [expect.any(String)] },
          });
        }
      }
      expect((await client.list()).length).toBe(4);
    });
  });

  it('judges a signature that is split over chunks', async () => {
    await withHost({ upload: { allowedMimeTypes: ['image/*'] } }, async (host) => {
      const client = new UploadClient(`${host.url}/uploads`);
      for (const [bytes, status] of [
        [png, 200],
        [html, 400],
      ] as const) {
        const total = bytes.length;
        const { id } = await client.begin(bytes.subarray(0, 2), total, { filename: 'a.png' });
        const last = await client.put(`bytes 2-${total - 1}/${total}`, bytes.subarray(2), { id });
        expect(last.status).toBe(status);
        expect(await client.offset(id)).toBe(status === 200 ? total : 2);
      }
    });
  });
});
