import { Injectable } from '@nestjs/common';
import { EventEmitter2, EventEmitterModule, OnEvent } from '@nestjs/event-emitter';
import {
  AbstractChunkedUpload,
  ChunkedUpload,
  ChunkedUploadEvent,
  ChunkedUploadStatus,
  LocalDiskStorage,
  getChunkedUploadToken,
} from 'nestjs-chunked-upload';
import { FaultInjectingStorage } from 'nestjs-chunked-upload/testing';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { rm } from 'node:fs/promises';
import { Client } from 'pg';
import type { DataSource } from 'typeorm';
import { Entity } from 'typeorm';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { type Host, type HostOptions, startHost, withHost } from '../support/host.js';
import { RecordingLogger, loggingTo } from '../support/recording-logger.js';
import { UploadClient, md5, sample } from '../support/upload-client.js';
import { Person, Team } from './owners.entities.js';

const { Incomplete, Complete, Aborted } = ChunkedUploadStatus;
const file = sample(300);
const first = file.subarray(0, 100);
const rest = file.subarray(100);
const sum = md5(file);
const ann = { creator: 'ann' };
const fields = { filename: 'film.mp4' };

@Entity()
class Scan extends AbstractChunkedUpload {}

interface Told {
  readonly event: ChunkedUploadEvent;
  /** The row as a connection of its own saw it at that moment. */
  readonly row: { readonly status: number; readonly offset: string } | null;
}

/** Listens to all events, and looks at the database as soon as one comes. */
class Listener {
  readonly #told: Promise<Told>[] = [];

  private constructor(
    readonly emitter: EventEmitter2,
    private readonly client: Client,
  ) {
    emitter.onAny((_, event) => {
      if (event instanceof ChunkedUploadEvent) this.#told.push(this.#look(event));
    });
  }

  static async of({ app, dataSource }: Host): Promise<Listener> {
    const { url } = (dataSource as DataSource & { options: { url: string } }).options;
    const client = new Client({ connectionString: url });
    await client.connect();
    return new Listener(app.get(EventEmitter2), client);
  }

  /** What it has been told of one upload, or of all; the names without their prefix. */
  async told(id?: string): Promise<(Told & { readonly kind: string })[]> {
    const told = await Promise.all(this.#told);
    return told
      .filter(({ event }) => id === undefined || event.upload.id === id)
      .map((each) => ({ ...each, kind: each.event.name.replace('chunked-upload.', '') }));
  }

  async kinds(id?: string): Promise<string[]> {
    return (await this.told(id)).map(({ kind }) => kind);
  }

  async last(id: string): Promise<Told> {
    const last = (await this.told(id)).at(-1);
    if (!last) throw new Error('Nothing was told');
    return last;
  }

  forget(): void {
    this.#told.length = 0;
  }

  async close(): Promise<void> {
    await this.client.end();
  }

  async #look(event: ChunkedUploadEvent): Promise<Told> {
    const table = event.upload instanceof Scan ? 'scan' : 'chunked_upload';
    const sql = `SELECT status, "offset" FROM ${table} WHERE id = $1`;
    const { rows } = await this.client.query(sql, [event.upload.id]);
    return { event, row: (rows[0] as Told['row'] | undefined) ?? null };
  }
}

const root = join(tmpdir(), `events-${process.pid}`);
const storage = new FaultInjectingStorage(new LocalDiskStorage({ root }));
let host: Host;
let client: UploadClient;
let listener: Listener;
let failure: Error | null = null;

beforeAll(async () => {
  host = await startHost({
    upload: {
      storage,
      owners: { person: { entity: Person, canAttach: () => true } },
      // Nobody but the tests removes what has expired.
      cleanup: false,
      onComplete: () => {
        if (failure) throw failure;
      },
    },
    types: [{ path: 'scans', entity: Scan }],
    imports: [EventEmitterModule.forRoot()],
    database: { entities: [Person, Team] },
  });
  client = new UploadClient(`${host.url}/uploads`);
  listener = await Listener.of(host);
});
beforeEach(() => {
  failure = null;
  storage.fault = null;
  listener.forget();
});
afterAll(async () => {
  await listener?.close();
  await host?.close();
  await rm(root, { recursive: true, force: true });
});

async function owned(): Promise<{ person: Person; id: string }> {
  const people = host.dataSource.getRepository(Person);
  const person = await people.save(people.create({}));
  const query = { owner_type: 'person', owner_id: String(person.id) };
  const { id } = await client.begin(first, 300, { query });
  return { person, id };
}

describe('The events of an upload', () => {
  it('say by which protocol it was begun', async () => {
    const headers = { 'tus-resumable': '1.0.0', 'upload-length': '0', 'x-user': 'ann' };
    const created = await fetch(`${host.url}/uploads`, { method: 'POST', headers });
    const id = created.headers.get('location')?.split('/').at(-1) ?? '';
    const { id: other } = await client.begin(first, 300);
    const protocols = async (of: string) =>
      (await listener.told(of)).map(({ kind, event }) => [kind, event.protocol]);
    expect(await protocols(id)).toEqual([
      ['created', 'tus'],
      ['completed', 'tus'],
    ]);
    expect(await protocols(other)).toEqual([['created', 'content-range']]);
  });

  it('come once each, in the order of its commits, which another connection sees by then', async () => {
    const { id } = await client.begin(first, 300);
    // Before the next one changes what there is to be seen.
    const seen = () => listener.told(id);
    await seen();
    await client.put('bytes 100-299/300', rest, { id });
    await seen();
    await client.complete(id, sum);
    await seen();
    await client.delete(id);
    const told = await seen();
    expect(told.map(({ kind, row }) => [kind, row])).toEqual([
      ['created', { status: Incomplete, offset: '100' }],
      ['progressed', { status: Incomplete, offset: '300' }],
      ['completed', { status: Complete, offset: '300' }],
      ['removed', null],
    ]);
    expect(told.map(({ event: { upload } }) => [upload.status, upload.offset])).toEqual([
      [Incomplete, 100],
      [Incomplete, 300],
      [Complete, 300],
      [Complete, 300],
    ]);
  });

  it('say type, creator, upload and the bytes of the request', async () => {
    const { id } = await client.begin(first, 300);
    await client.put('bytes 100-299/300', rest, { id });
    const [created, progressed] = (await listener.told(id)).map(({ event }) => event);
    expect(created).toMatchObject({ type: 'uploads', creator: 'ann', bytes: 100 });
    expect(created?.upload).toBeInstanceOf(ChunkedUpload);
    expect(progressed).toMatchObject({ type: 'uploads', creator: 'ann', bytes: 200 });
    expect(progressed?.upload).toEqual(await host.uploads.findOne(id));
  });

  it('of a whole file are created and completed', async () => {
    const { upload } = await client.whole(file, { query: { md5: sum } });
    expect((await listener.told(upload.id)).map(({ kind, row }) => [kind, row])).toEqual([
      ['created', { status: Complete, offset: '300' }],
      ['completed', { status: Complete, offset: '300' }],
    ]);
  });

  it('of a further type name it', async () => {
    const scans = new UploadClient(`${host.url}/scans`);
    const { id } = await scans.begin(first, 300);
    const { event } = await listener.last(id);
    expect(event.type).toBe('scans');
    expect(event.upload).toBeInstanceOf(Scan);
  });

  it('tell of the bytes that were kept of a broken chunk', async () => {
    async function* broken(bytes: Buffer): AsyncGenerator<Uint8Array> {
      yield bytes;
      throw new Error('The source broke');
    }
    const half = rest.subarray(0, 50);
    const begin = host.uploads.begin({ body: broken(first), total: 300, fields }, ann);
    await expect(begin).rejects.toThrow('broke off');
    const [created] = await listener.told();
    const id = created?.event.upload.id ?? '';
    const append = host.uploads.append(id, { body: broken(half), offset: 100 });
    await expect(append).rejects.toThrow('broke off');
    expect(
      (await listener.told(id)).map(({ kind, row, event }) => [kind, row, event.bytes]),
    ).toEqual([
      ['created', { status: Incomplete, offset: '100' }, 100],
      ['progressed', { status: Incomplete, offset: '150' }, 50],
    ]);
  });

  it('tell of an abort once, also where it has to be repeated', async () => {
    const { id } = await client.begin(first, 300);
    listener.forget();
    storage.failNext('remove', new Error('away'));
    await expect(host.uploads.abort(id)).rejects.toThrow('not available');
    await Promise.all([host.uploads.abort(id), host.uploads.abort(id)]);
    expect((await listener.told(id)).map(({ kind, row }) => [kind, row])).toEqual([
      ['aborted', { status: Aborted, offset: '100' }],
    ]);
  });

  it('tell of a removal once, of several at the same time', async () => {
    const { id } = await client.begin(first, 300);
    listener.forget();
    const statuses = await Promise.all([1, 2, 3].map(async () => (await client.delete(id)).status));
    expect(statuses.filter((status) => status === 204)).toHaveLength(1);
    expect(await listener.kinds(id)).toEqual(['removed']);
  });

  it('are not repeated by who completes again', async () => {
    const { id } = await client.begin(file, 300);
    expect((await client.complete(id, sum)).status).toBe(200);
    expect((await client.complete(id, sum)).status).toBe(200);
    expect(await listener.kinds(id)).toEqual(['created', 'completed']);
  });
});

describe('No event comes', () => {
  it('of a completion that onComplete rolls back', async () => {
    const { id } = await client.begin(file, 300);
    listener.forget();
    failure = new Error('no');
    expect((await client.complete(id, sum)).status).toBe(500);
    expect((await client.whole(file, { query: { md5: sum } })).status).toBe(500);
    expect(await listener.kinds()).toEqual([]);
    failure = null;
    expect((await client.complete(id, sum)).status).toBe(200);
    expect(await listener.kinds()).toEqual(['completed']);
  });

  it('of a chunk, a sum or a file that is refused', async () => {
    const { id } = await client.begin(first, 300);
    listener.forget();
    const answers = [
      await client.put('bytes 0-99/300', first, { id }),
      await client.put('bytes 100-299/300', rest.subarray(1), { id }),
      await client.complete(id, sum),
      await client.whole(file, { query: { md5: md5(first) } }),
    ];
    expect(answers.map(({ status }) => status)).toEqual([400, 400, 400, 400]);
    expect(await listener.kinds()).toEqual([]);
  });

  it('of what reads', async () => {
    const { id } = await client.file(file);
    listener.forget();
    await client.get(id);
    await client.head(id);
    await client.list();
    await client.download(id);
    expect(await listener.kinds()).toEqual([]);
  });
});

describe('The uploads of a removed owner', () => {
  it('are told of after the outermost commit', async () => {
    const { person, id } = await owned();
    listener.forget();
    await host.dataSource.transaction(async (outer) => {
      await outer.transaction((inner) => inner.remove(person));
      expect(await listener.kinds(id)).toEqual([]);
    });
    expect(await listener.kinds(id)).toEqual(['removed']);
    expect(await listener.last(id)).toMatchObject({ row: null, event: { creator: 'ann' } });
  });

  it('are not told of when it is rolled back, whole or in part', async () => {
    const { person, id } = await owned();
    listener.forget();
    const rolledBack = (work: Promise<unknown>) => expect(work).rejects.toThrow('no');
    const removeAndFail = async (manager: DataSource['manager']): Promise<void> => {
      await manager.remove(Object.assign(new Person(), person));
      throw new Error('no');
    };
    await rolledBack(host.dataSource.transaction(removeAndFail));
    await host.dataSource.transaction(async (outer) => {
      await rolledBack(outer.transaction(removeAndFail));
    });
    expect((await client.get(id)).status).toBe(200);
    expect(await listener.kinds(id)).toEqual([]);
  });
});

describe('The clean-up', () => {
  const expire = async (id: string): Promise<void> => {
    const past = "expires_at = clock_timestamp() - interval '1 second'";
    await host.dataSource.query(`UPDATE chunked_upload SET ${past} WHERE id = $1`, [id]);
  };

  it('tells of each expired upload that it has removed, once', async () => {
    const { id } = await client.begin(first, 300);
    await expire(id);
    listener.forget();
    await host.uploads.removeExpired({ dryRun: true });
    storage.failNext('remove', new Error('away'));
    expect(await host.uploads.removeExpired()).toMatchObject({ failed: 1 });
    expect(await listener.kinds()).toEqual([]);
    await Promise.all([host.uploads.removeExpired(), host.uploads.removeExpired()]);
    expect(await listener.kinds()).toEqual(['expired']);
    const { event, row } = await listener.last(id);
    expect(row).toBeNull();
    expect(event).toMatchObject({ type: 'uploads', creator: 'ann', upload: { offset: 100 } });
  });

  it('tells of an expired upload whose record it keeps', async () => {
    const { id } = await client.begin(first, 300);
    await expire(id);
    listener.forget();
    await host.uploads.removeExpired({ keepRecord: true });
    expect(await listener.kinds()).toEqual(['expired']);
    expect((await listener.last(id)).row?.status).toBe(Aborted);
  });

  it('does not call expired what has not expired', async () => {
    // What the tests before have left.
    await host.uploads.removeExpired({ unfinished: true });
    const kept = await client.begin(first, 300);
    listener.forget();
    await host.uploads.removeExpired({ unfinished: true, keepRecord: true });
    expect(await listener.kinds()).toEqual(['aborted']);
    expect((await listener.last(kept.id)).row?.status).toBe(Aborted);
    const { id } = await client.begin(first, 300);
    const { person, id: orphan } = await owned();
    const { id: whole } = await client.file(file, {
      query: { owner_type: 'person', owner_id: String(person.id) },
    });
    await host.dataSource.getRepository(Person).delete(person.id);
    listener.forget();
    await host.uploads.removeExpired({ unfinished: true });
    expect((await listener.told()).map(({ kind, event }) => [kind, event.upload.id])).toEqual(
      expect.arrayContaining([id, orphan, whole].map((each) => ['removed', each])),
    );
    expect(await listener.kinds()).toHaveLength(3);
    expect((await listener.last(whole)).event.upload.status).toBe(Complete);
  });
});

describe('A listener', () => {
  const passes = async (uploads: UploadClient): Promise<void> => {
    const { id } = await uploads.begin(first, 300);
    expect(await uploads.put('bytes 100-299/300', rest, { id })).toMatchObject({ status: 200 });
    expect(await uploads.complete(id, sum)).toMatchObject({ status: 200, body: { status: 2 } });
    expect((await uploads.delete(id)).status).toBe(204);
  };

  it.each([
    [
      'throws',
      () => {
        throw new Error('a listener’s own');
      },
    ],
    ['rejects', () => Promise.reject(new Error('a listener’s own'))],
  ])('that %s changes nothing, and each time is one warning with the id', async (_, listen) => {
    const logger = new RecordingLogger();
    const imports = [EventEmitterModule.forRoot()];
    await withHost({ imports, ...loggingTo(logger) }, async ({ url, app }) => {
      app.get(EventEmitter2).on('chunked-upload.completed', listen as () => void);
      const uploads = new UploadClient(`${url}/uploads`);
      const { id } = await uploads.file(file);
      expect(logger.lines).toEqual([
        `warn: Upload ${id}: a listener of chunked-upload.completed failed: a listener’s own`,
      ]);
      await passes(uploads);
    });
  });

  it('that never ends keeps no request waiting', async () => {
    const endless = (): Promise<never> => new Promise(() => undefined);
    await withHost({ imports: [EventEmitterModule.forRoot()] }, async ({ url, app }) => {
      const called: unknown[] = [];
      app.get(EventEmitter2).onAny((name) => {
        called.push(name);
        return endless() as never;
      });
      await passes(new UploadClient(`${url}/uploads`));
      expect(called).toHaveLength(4);
    });
  });

  it('that changes the upload changes no answer', async () => {
    const spoil = ({ upload }: ChunkedUploadEvent): void => {
      Object.assign(upload, { filename: 'spoilt', offset: 1 });
    };
    listener.emitter.on('chunked-upload.created', spoil);
    try {
      const upload = await client.begin(first, 300, { filename: 'film.mp4' });
      expect(upload).toMatchObject({ filename: 'film.mp4', offset: 100 });
    } finally {
      listener.emitter.off('chunked-upload.created', spoil);
    }
  });

  it('of a host is a decorated method, also with wildcards', async () => {
    @Injectable()
    class Notifier {
      readonly names: string[] = [];

      @OnEvent('chunked-upload.*')
      notify({ name }: ChunkedUploadEvent): void {
        this.names.push(name);
      }
    }
    const options: HostOptions = {
      imports: [EventEmitterModule.forRoot({ wildcard: true, global: false })],
      providers: [Notifier],
    };
    await withHost(options, async ({ url, app }) => {
      await new UploadClient(`${url}/uploads`).file(file);
      expect(app.get(Notifier).names).toEqual([
        'chunked-upload.created',
        'chunked-upload.completed',
      ]);
    });
  });
});

describe('A host', () => {
  it('whose bundler gave the module of events another name is told all the same', async () => {
    const name = Object.getOwnPropertyDescriptor(EventEmitterModule, 'name') ?? {};
    Object.defineProperty(EventEmitterModule, 'name', { ...name, value: 'e' });
    try {
      await withHost({ imports: [EventEmitterModule.forRoot()] }, async ({ url, app }) => {
        const names: unknown[] = [];
        app.get(EventEmitter2).onAny((event) => names.push(event));
        await new UploadClient(`${url}/uploads`).file(file);
        expect(names).toEqual(['chunked-upload.created', 'chunked-upload.completed']);
      });
    } finally {
      Object.defineProperty(EventEmitterModule, 'name', name);
    }
  });

  it('without an event emitter has uploads all the same', async () => {
    await withHost({}, async ({ url, app }) => {
      const uploads = new UploadClient(`${url}/uploads`);
      const { id } = await uploads.file(file);
      expect((await uploads.delete(id)).status).toBe(204);
      expect(app.get(getChunkedUploadToken(ChunkedUpload))).toBeDefined();
      expect(() => app.get(EventEmitter2)).toThrow();
    });
  });
});
