import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import {
  type QueueItem,
  type QueueItemState,
  type RememberedUpload,
  UploadMemory,
  UploadQueue,
  type UploadQueueOptions,
} from '../../src/client/index.js';
import { until } from '../support/waiting.js';
import { MemoryStorage, UploadServerDouble } from './client.double.js';

const KIB = 1024;

const fileOf = (name: string, content = name, lastModified = 1): File =>
  new File([content], name, { lastModified, type: 'text/plain' });

describe('the queue of the client', () => {
  let server: UploadServerDouble;
  let endpoint: string;
  let queue: UploadQueue;

  beforeEach(async () => {
    server = new UploadServerDouble();
    endpoint = await server.start();
  });
  afterEach(async () => {
    server.fault = () => null;
    await queue.cancelAll();
    await server.stop();
  });

  const open = (options: Partial<UploadQueueOptions> = {}): UploadQueue =>
    (queue = new UploadQueue({ endpoint, chunkSize: 100 * KIB, ...options }));
  const item = (name: string): QueueItem => {
    const found = queue.getSnapshot().items.find((each) => each.name === name);
    if (!found) throw new Error(`${name} is not in the queue`);
    return found;
  };
  const inState = (name: string, state: QueueItemState): Promise<void> =>
    until(`${name} is ${state}`, () => item(name).state === state);
  const allComplete = (): Promise<void> =>
    until('all are complete', () => {
      const { counts, items } = queue.getSnapshot();
      return counts.complete === items.length;
    });
  const names = (): string[] => [...server.uploads.values()].map(({ record }) => record.filename);

  it('sends all files in their order, so many at once', async () => {
    let active = 0;
    let most = 0;
    server.fault = (line) => {
      if (line.startsWith('PUT')) most = Math.max(most, (active += 1));
      if (line.startsWith('POST')) active -= 1;
      return null;
    };
    const files = Array.from({ length: 30 }, (_, index) => fileOf(`${index}.txt`));
    open({ atOnce: 2 }).add(files);
    await allComplete();
    expect(most).toBe(2);
    // Two that are sent at once may overtake each other.
    for (const [place, name] of names().entries()) {
      expect(Math.abs(parseInt(name, 10) - place)).toBeLessThan(2);
    }
    const { counts, sent, total } = queue.getSnapshot();
    expect(counts).toMatchObject({ complete: 30, sending: 0, waiting: 0 });
    expect(sent).toBe(total);
  });

  it('keeps its snapshots: the same until something differs, and never changed', async () => {
    open().add([]);
    const empty = queue.getSnapshot();
    expect(queue.getSnapshot()).toBe(empty);
    let notices = 0;
    const stop = queue.subscribe(() => (notices += 1));
    queue.add([fileOf('a.txt'), fileOf('b.txt')]);
    const begun = queue.getSnapshot();
    const [first] = begun.items;
    expect(begun).not.toBe(empty);
    expect(empty.items).toEqual([]);
    await allComplete();
    await until('it is told', () => notices > 0);
    expect(first?.state).toBe('sending');
    expect(queue.getSnapshot()).toBe(queue.getSnapshot());
    stop();
    const before = notices;
    queue.remove(item('a.txt').key);
    expect(queue.getSnapshot().items.map(({ name }) => name)).toEqual(['b.txt']);
    expect(notices).toBe(before);
  });

  it('pauses and resumes one and all, and sends the others meanwhile', async () => {
    open({ atOnce: 1 }).add(['a', 'b', 'c'].map((name) => fileOf(name, 'x'.repeat(300 * KIB))));
    queue.pause(item('a').key);
    await inState('b', 'complete');
    expect(item('a').state).toBe('paused');
    queue.pauseAll();
    expect(queue.getSnapshot().counts.paused).toBeGreaterThanOrEqual(1);
    queue.resumeAll();
    await allComplete();
  });

  it('cancels: nothing is left in the list and on the server', async () => {
    server.fault = (line) => (line.startsWith('POST') ? server.refuse(503) : null);
    open().add([fileOf('a.txt'), fileOf('b.txt')]);
    await inState('a.txt', 'retrying');
    await inState('b.txt', 'retrying');
    await queue.cancelAll();
    expect(queue.getSnapshot()).toMatchObject({ items: [], sent: 0, total: 0 });
    expect(server.uploads.size).toBe(0);
  });

  it('goes on by itself, says when, and tries now when asked to', async () => {
    let away = true;
    server.fault = (line) => (away && line.startsWith('PUT') ? server.refuse(503) : null);
    open().add([fileOf('a.txt')]);
    await until('the pauses grow', () => (item('a.txt').nextTryAt ?? 0) > Date.now() + 1_000);
    expect(item('a.txt')).toMatchObject({
      state: 'retrying',
      error: { code: 'unavailable', canRetry: true },
    });
    away = false;
    queue.tryNow();
    await inState('a.txt', 'complete');
    expect(item('a.txt')).toMatchObject({ error: null, nextTryAt: null });
  });

  it('tries the others at once when one has got through', async () => {
    let away = true;
    server.fault = (line) =>
      away && line.startsWith('PUT') ? server.refuse(503, {}, { 'retry-after': '3600' }) : null;
    open().add([fileOf('a.txt'), fileOf('b.txt')]);
    await inState('a.txt', 'retrying');
    await inState('b.txt', 'retrying');
    away = false;
    queue.tryNow(item('a.txt').key);
    await allComplete();
  });

  it('fails at once, without an offer to retry, what can never succeed', async () => {
    server.fault = (line) =>
      line.startsWith('PUT')
        ? server.refuse(400, { detail: { file: ['No virus, please.'] } })
        : null;
    open().add([fileOf('a.txt')]);
    await inState('a.txt', 'failed');
    const error = { code: 'refused', message: 'No virus, please.', canRetry: false };
    expect(item('a.txt').error).toEqual(error);
    queue.retryAll();
    expect(item('a.txt').state).toBe('failed');
  });

  it('says what a guard says, and retries what was forbidden', async () => {
    server.fault = (line) =>
      line.startsWith('PUT') ? server.refuse(403, { message: 'Verify your address first' }) : null;
    open().add([fileOf('a.txt')]);
    await inState('a.txt', 'failed');
    const message = 'Verify your address first';
    expect(item('a.txt').error).toEqual({ code: 'forbidden', message, canRetry: true });
    server.fault = () => null;
    queue.retry(item('a.txt').key);
    await allComplete();
  });

  it('says it in other words', async () => {
    server.fault = () => server.refuse(404);
    open({ texts: { gone: 'Weg.' } }).add([fileOf('a.txt')]);
    await inState('a.txt', 'failed');
    expect(item('a.txt').error).toEqual({ code: 'gone', message: 'Weg.', canRetry: false });
  });

  it('never shows less than it has shown', async () => {
    let cuts = 0;
    server.fault = (line) =>
      line.startsWith('PUT') && (cuts += 1) % 2 === 0 ? server.cutAfter(10 * KIB) : null;
    open({ retryDelays: Array<number>(50).fill(1) });
    const shown: number[] = [];
    queue.subscribe(() => shown.push(queue.getSnapshot().sent));
    queue.add([fileOf('a.txt', 'x'.repeat(500 * KIB)), fileOf('b.txt', 'y'.repeat(500 * KIB))]);
    await allComplete();
    expect(cuts).toBeGreaterThan(4);
    expect(shown).toEqual(shown.toSorted((one, other) => one - other));
  });

  it.each([
    ['wrong-type', { accept: '.png, image/*' }],
    ['too-small', { minBytes: 10 }],
    ['too-big', { maxBytes: 1 }],
    ['too-many', { maxFiles: 0 }],
  ] as const)('refuses before sending: %s', (code, rules) => {
    open(rules).add([fileOf('a.txt')]);
    expect(item('a.txt')).toMatchObject({ state: 'failed', error: { code, canRetry: false } });
    expect(item('a.txt').error?.message).not.toMatch(/[{}]/);
    expect(server.log).toEqual([]);
  });

  it.each([
    // As Windows calls them, and browsers that do not know them.
    ['text/csv', 'list.csv', 'application/vnd.ms-excel'],
    ['application/zip', 'all.ZIP', 'application/x-zip-compressed'],
    ['image/*', 'IMG_0001.HEIC', ''],
    ['video/*', 'film.mkv', ''],
  ])('takes for %s what is called %s', (accept, name, type) => {
    open({ accept }).add([new File(['x'], name, { type }), new File(['x'], 'a.exe')]);
    expect(item(name).error).toBeNull();
    expect(item('a.exe').error?.code).toBe('wrong-type');
  });

  it('refuses what is there already, but not what lies in another folder', async () => {
    open().add([fileOf('a.txt'), fileOf('a.txt'), { file: fileOf('a.txt'), folder: 'Old' }]);
    expect(queue.getSnapshot().items.map(({ error }) => error?.code)).toEqual([
      undefined,
      'duplicate',
      undefined,
    ]);
    await until('both are complete', () => queue.getSnapshot().counts.complete === 2);
    expect(server.uploads.size).toBe(2);
  });

  it('recognises another file, and a changed one, for an unfinished upload', async () => {
    const storage = new MemoryStorage();
    const remembered = { fileName: 'a.txt', size: 5, lastModified: 1 } as RememberedUpload;
    open({ storage });
    queue.add([fileOf('b.txt')], { resuming: remembered });
    expect(item('b.txt').error?.code).toBe('wrong-file');
    queue.add([fileOf('a.txt', 'other content')], { resuming: remembered });
    expect(item('a.txt').error?.code).toBe('changed-file');
    expect(server.log).toEqual([]);
  });

  it('goes on with an unfinished upload for the owner that it was begun for', async () => {
    const storage = new MemoryStorage();
    const file = fileOf('a.txt', 'x'.repeat(200 * KIB));
    server.fault = (line) => (/bytes 102400/.test(line) ? server.refuse(403) : null);
    open({ storage }).add([file], { fields: { owner_type: 'person', owner_id: 7 } });
    await inState('a.txt', 'failed');
    const [remembered] = new UploadMemory(storage).list();
    expect(remembered?.owner).toEqual({ type: 'person', id: '7' });
    server.fault = () => null;
    open({ storage }).add([file], { resuming: remembered as RememberedUpload });
    await allComplete();
    expect(server.uploads.size).toBe(1);
  });

  it('wants an endpoint and a sensible number', () => {
    open();
    expect(() => new UploadQueue({ endpoint: 'nowhere' })).toThrow(TypeError);
    expect(() => new UploadQueue({ endpoint, atOnce: 0 })).toThrow(RangeError);
  });

  it('takes ten thousand files at once, tells of them seldom, and keeps little of them', async () => {
    const answer = { id: 'x', offset: 4, expires_at: null };
    const transport = (): Promise<{ status: number; headers: Headers; text: string }> =>
      Promise.resolve({ status: 200, headers: new Headers(), text: JSON.stringify(answer) });
    open({ transport, storage: null, checksum: 'crc32' });
    let notices = 0;
    queue.subscribe(() => {
      notices += 1;
      queue.getSnapshot();
    });
    queue.add(Array.from({ length: 10_000 }, (_, index) => fileOf(`${index}`, 'four')));
    await until('all are complete', () => queue.getSnapshot().counts.complete === 10_000);
    expect(notices).toBeLessThan(2_000);
  });
});
