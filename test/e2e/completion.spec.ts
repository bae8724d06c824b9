import { EventEmitter, once } from 'node:events';
import { ConflictException } from '@nestjs/common';
import type { ChunkedUpload, CompletionContext } from 'nestjs-chunked-upload';
import { Column, Entity, PrimaryColumn } from 'typeorm';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { TypeOrmModule } from '@nestjs/typeorm';
import { type Host, startHost } from '../support/host.js';
import { storedFiles } from '../support/stored-files.js';
import { UploadClient, md5, sample } from '../support/upload-client.js';

/** What the host keeps of each completed upload. */
@Entity()
class Film {
  @PrimaryColumn('uuid')
  id!: string;

  @Column('text')
  title!: string;
}

type Hook = (upload: ChunkedUpload, context: CompletionContext) => unknown;

let host: Host;
let ann: UploadClient;
let hook: Hook;
let calls: number;
const file = sample(300);
const sum = md5(file);

const onComplete: Hook = (upload, context) => {
  calls += 1;
  return hook(upload, context);
};

const keep: Hook = async (upload, { manager }) => {
  await manager.insert(Film, { id: upload.id, title: upload.filename });
  return { film: upload.id, at: new Date(0) };
};

beforeAll(async () => {
  host = await startHost({ upload: { onComplete }, imports: [TypeOrmModule.forFeature([Film])] });
  ann = new UploadClient(`${host.url}/uploads`);
});
beforeEach(() => {
  hook = keep;
  calls = 0;
});
afterAll(() => host.close());

const films = (id: string) => host.dataSource.getRepository(Film).countBy({ id });

describe('onComplete', () => {
  it('writes in the transaction that marks the upload complete, and is the answer', async () => {
    const { id } = await ann.begin(file, 300);
    const answer = await ann.complete(id, sum);
    expect(answer.status).toBe(200);
    expect(answer.body).toEqual({ film: id, at: '1970-01-01T00:00:00.000Z' });
    expect(await films(id)).toBe(1);
    expect((await ann.get(id)).upload.status).toBe(2);
  });

  it('sees the upload complete, the bytes, and the request', async () => {
    const { id } = await ann.begin(file, 300);
    const seen: unknown[] = [];
    hook = async (upload, { manager, request }) => {
      const { headers } = request as { headers: Record<string, string> };
      const chunks: Buffer[] = [];
      for await (const chunk of await host.uploads.createReadStream(upload)) {
        chunks.push(chunk as Buffer);
      }
      const status = (await host.uploads.findOne(upload.id)).status;
      const [row] = await manager.query('SELECT status FROM chunked_upload WHERE id = $1', [id]);
      seen.push(upload.status, headers['x-user'], Buffer.concat(chunks).equals(file), status, row);
    };
    await ann.complete(id, sum);
    // Outside of the transaction it is not complete before the commit.
    expect(seen).toEqual([2, 'ann', true, 1, { status: 2 }]);
  });

  it.each([[undefined], [null]])('that returns %s leaves the representation', async (nothing) => {
    hook = () => nothing;
    const { id } = await ann.begin(file, 300);
    expect((await ann.complete(id, sum)).body).toEqual((await ann.get(id)).body);
    expect((await ann.complete(id, sum)).body).toEqual((await ann.get(id)).body);
  });

  it.each([['<b>text</b>'], [42], [true], [[]], [{}], [[1, { a: null }]], [{ nested: [true] }]])(
    'may return %j: it is kept, and answered again',
    async (response) => {
      hook = () => response;
      const { id } = await ann.begin(file, 300);
      const first = await ann.complete(id, sum);
      expect(first).toMatchObject({ status: 200, body: response });
      hook = () => 'another';
      expect((await ann.complete(id, ` ${sum.toUpperCase()} `)).body).toEqual(first.body);
      expect(calls).toBe(1);
      expect((await ann.complete(id, 'f'.repeat(32))).detail).toBe('md5 checksum does not match');
    },
  );

  it('runs for a whole file as well', async () => {
    const answer = await ann.whole(file, { query: { md5: sum }, filename: 'whole' });
    const { film } = answer.body as { film: string };
    expect(await films(film)).toBe(1);
    expect((await ann.complete(film, sum)).body).toEqual(answer.body);
  });
});

describe('An onComplete that throws', () => {
  const failures: [string, () => Error][] = [
    ['an error', () => new Error('no')],
    [
      'an error with a code of the file system',
      () => Object.assign(new Error('no'), { code: 'ENOENT' }),
    ],
  ];

  it.each(failures)(
    '%s: 500 of the host; the upload is incomplete and repeatable',
    async (_, make) => {
      const { id } = await ann.begin(file, 300);
      hook = async (upload, context) => {
        await keep(upload, context);
        throw make();
      };
      expect((await ann.complete(id, sum)).status).toBe(500);
      expect(await films(id)).toBe(0);
      expect((await ann.get(id)).upload).toMatchObject({ status: 1, offset: 300, file: null });
      expect((await ann.download(id)).status).toBe(404);
      hook = keep;
      expect((await ann.complete(id, sum)).body).toMatchObject({ film: id });
      expect(await films(id)).toBe(1);
      expect((await ann.download(id)).bytes).toEqual(file);
    },
  );

  it('an HttpException: that is the answer', async () => {
    const { id } = await ann.begin(file, 300);
    hook = () => {
      throw new ConflictException({ reason: 'The film is here already' });
    };
    const answer = await ann.complete(id, sum);
    expect(answer).toMatchObject({ status: 409, body: { reason: 'The film is here already' } });
    expect((await ann.get(id)).upload.status).toBe(1);
    hook = keep;
    expect((await ann.complete(id, sum)).status).toBe(200);
  });

  it('an error of a statement of its own: all of it is undone', async () => {
    const { id } = await ann.begin(file, 300);
    hook = async (upload, context) => {
      await keep(upload, context);
      await keep(upload, context);
    };
    expect((await ann.complete(id, sum)).status).toBe(500);
    expect(await films(id)).toBe(0);
    expect((await ann.get(id)).upload.status).toBe(1);
  });

  it.each([['nothing'], ['an answer']])(
    'or catches that, and returns %s: nothing is acknowledged that was not committed',
    async (returned) => {
      hook = async (_, { manager }) => {
        await manager.query('SELECT 1 / 0').catch(() => undefined);
        return returned === 'nothing' ? undefined : returned;
      };
      const { id } = await ann.begin(file, 300);
      expect((await ann.complete(id, sum)).status).toBe(500);
      expect((await ann.get(id)).upload.status).toBe(1);
      const before = await storedFiles(host.root);
      expect((await ann.whole(file, { query: { md5: sum } })).status).toBe(500);
      expect(await storedFiles(host.root)).toEqual(before);
      hook = keep;
      expect((await ann.complete(id, sum)).body).toMatchObject({ film: id });
    },
  );

  it('for a whole file: nothing is left', async () => {
    const before = { uploads: await ann.list(), files: await storedFiles(host.root) };
    hook = async (upload, context) => {
      await keep(upload, context);
      throw new ConflictException('no');
    };
    expect((await ann.whole(file, { query: { md5: sum } })).status).toBe(409);
    expect({ uploads: await ann.list(), files: await storedFiles(host.root) }).toEqual(before);
  });

  it('can still be removed', async () => {
    const { id } = await ann.begin(file, 300);
    hook = () => {
      throw new Error('no');
    };
    await ann.complete(id, sum);
    expect((await ann.delete(id)).status).toBe(204);
    expect((await storedFiles(host.root)).filter((name) => name.includes(id))).toEqual([]);
  });
});

describe('Ten simultaneous completions', () => {
  it('are one completion with equal answers', async () => {
    const { id } = await ann.begin(file, 300);
    const answers = await Promise.all(Array.from({ length: 10 }, () => ann.complete(id, sum)));
    for (const answer of answers) {
      expect(answer).toMatchObject({ status: 200, body: answers[0]?.body });
    }
    expect(calls).toBe(1);
    expect(await films(id)).toBe(1);
  });
});

describe('While onComplete runs', () => {
  it('the upload is 423, and every other request is served', async () => {
    const { id } = await ann.begin(file, 300);
    const other = await ann.begin(file.subarray(0, 100), 300);
    const gate = new EventEmitter();
    hook = async () => {
      gate.emit('running');
      await once(gate, 'finish');
      return { done: true };
    };
    const running = once(gate, 'running');
    const completing = ann.complete(id, sum);
    await running;
    expect((await ann.get(id)).upload.status).toBe(1);
    expect((await ann.put('bytes 100-299/300', file.subarray(100), { id: other.id })).status).toBe(
      200,
    );
    expect(await ann.list()).toContainEqual(expect.objectContaining({ id }));
    expect((await ann.complete(id, sum)).status).toBe(423);
    expect((await ann.put('bytes 0-99/300', file.subarray(0, 100), { id })).status).toBe(423);
    expect((await ann.delete(id)).status).toBe(423);
    gate.emit('finish');
    expect((await completing).body).toEqual({ done: true });
    expect((await ann.complete(id, sum)).body).toEqual({ done: true });
    expect(calls).toBe(1);
  });
});
