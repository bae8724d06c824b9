import {
  AbstractChunkedUpload,
  ChunkedUpload,
  type ChunkedUploadService,
  getChunkedUploadToken,
} from 'nestjs-chunked-upload';
import { Entity } from 'typeorm';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import {
  type Caller,
  SITUATIONS,
  STATES,
  type Situation,
  type State,
  type Wish,
  changes,
  isListed,
  statusOf,
} from '../support/access-rules.js';
import { type Host, startHost } from '../support/host.js';
import { type Remains, type UploadRow, UploadStates } from '../support/upload-states.js';
import { type Answer, UploadClient, md5, sample } from '../support/upload-client.js';
import { until } from '../support/waiting.js';

// Each request of the contract's table, by each caller, on an upload in each state: the answers are
// held against the rules of support/access-rules.ts, and printed.

@Entity()
class Shared extends AbstractChunkedUpload {}

const AT_ONCE = 4;
/** A writer that sent nothing for half a second is silent. */
const LONGEST_PAUSE_MS = 350;
const TRIES = 30;
const file = sample(200);
const committed = file.subarray(0, 100);
const next = file.subarray(100);
const sum = md5(committed);
const range = 'bytes 100-199/*';

const PROTOCOLS = ['content-range', 'tus', 'filepond', 'resumable-http'] as const;
const TUS = { 'tus-resumable': '1.0.0' };
const OCTETS = { 'content-type': 'application/offset+octet-stream', 'upload-offset': '100' };
const DRAFT = { 'upload-draft-interop-version': '8' };
const PARTIAL = {
  ...DRAFT,
  'content-type': 'application/partial-upload',
  'upload-offset': '100',
  'upload-complete': '?0',
};

type Ask = (caller: UploadClient, id: string) => Promise<Answer>;

const REQUESTS: readonly (readonly [string, Wish, Ask])[] = [
  ['PUT /uploads/:id', 'next chunk', (caller, id) => caller.put(range, next, { id })],
  [
    'PUT /uploads, upload_id in the form',
    'next chunk',
    (caller, id) => caller.put(range, next, { form: { before: { upload_id: id } } }),
  ],
  [
    'PUT /uploads?upload_id=',
    'next chunk',
    (caller, id) => caller.put(range, next, { query: { upload_id: id } }),
  ],
  ['POST /uploads/:id', 'complete', (caller, id) => caller.complete(id, sum)],
  [
    'POST /uploads, upload_id in the form',
    'complete',
    (caller, id) => caller.postForm({ upload_id: id, md5: sum }),
  ],
  [
    'POST /uploads?upload_id=',
    'complete',
    (caller, id) => caller.send('POST', { query: { upload_id: id, md5: sum } }),
  ],
  ['GET /uploads/:id', 'show', (caller, id) => caller.get(id)],
  ['HEAD /uploads/:id', 'offset', (caller, id) => caller.head(id)],
  ['GET /uploads/:id/file', 'file', (caller, id) => caller.send('GET', { id: `${id}/file` })],
  ['HEAD /uploads/:id/file', 'file', (caller, id) => caller.send('HEAD', { id: `${id}/file` })],
  ['DELETE /uploads/:id', 'remove', (caller, id) => caller.delete(id)],
  [
    'DELETE /uploads, upload_id in the form',
    'remove',
    (caller, id) => caller.send('DELETE', {}, new URLSearchParams({ upload_id: id })),
  ],
  [
    'DELETE /uploads?upload_id=',
    'remove',
    (caller, id) => caller.send('DELETE', { query: { upload_id: id } }),
  ],
  [
    'PATCH /uploads/:id (tus)',
    'next chunk, by offsets alone',
    (caller, id) => caller.send('PATCH', { id, headers: { ...TUS, ...OCTETS } }, next),
  ],
  [
    'HEAD /uploads/:id (tus)',
    'offset to go on at',
    (caller, id) => caller.send('HEAD', { id, headers: TUS }),
  ],
  [
    'DELETE /uploads/:id (tus)',
    'remove',
    (caller, id) => caller.send('DELETE', { id, headers: TUS }),
  ],
  [
    'PATCH /uploads?patch= (FilePond)',
    'next chunk, answered 204',
    (caller, id) => caller.send('PATCH', { query: { patch: id }, headers: OCTETS }, next),
  ],
  [
    'HEAD /uploads?patch= (FilePond)',
    'offset to go on at',
    (caller, id) => caller.send('HEAD', { query: { patch: id } }),
  ],
  [
    'DELETE /uploads, the id as text (FilePond)',
    'remove',
    (caller, id) => caller.send('DELETE', { headers: { 'content-type': 'text/plain' } }, id),
  ],
  [
    'PATCH /uploads/:id (IETF draft)',
    'next chunk, answered 204',
    (caller, id) => caller.send('PATCH', { id, headers: PARTIAL }, next),
  ],
  [
    'HEAD /uploads/:id (IETF draft)',
    'offset that holds',
    (caller, id) => caller.send('HEAD', { id, headers: DRAFT }),
  ],
  [
    'DELETE /uploads/:id (IETF draft)',
    'remove',
    (caller, id) => caller.send('DELETE', { id, headers: DRAFT }),
  ],
];

// An id is taken as it is shown, and marked as (ID) in upper case without hyphens.
const WRITINGS = [
  { note: '', write: (id: string) => id },
  { note: ' (ID)', write: (id: string) => id.replaceAll('-', '').toUpperCase() },
];

const ROWS = REQUESTS.flatMap(([name, wish, ask]) =>
  WRITINGS.map(({ note, write }) => ({ name: name + note, wish, ask, write })),
);

interface Cell {
  readonly situation: Situation;
  readonly state: State;
  readonly caller: Caller;
  /** `creator, live` */
  readonly column: string;
  readonly row: (typeof ROWS)[number];
  id: string;
  /** The one that the lists were read with: who has to be live may need another. */
  listedId: string;
  status: number;
  before: Remains;
  after: Remains;
}

const cells: Cell[] = SITUATIONS.flatMap((situation) =>
  STATES.flatMap((state) =>
    situation.callers.flatMap(({ name, user }) =>
      ROWS.map((row) => ({
        situation,
        state,
        caller: user,
        column: `${name}, ${state}`,
        row,
        id: '',
        listedId: '',
        status: 0,
        before: null,
        after: null,
      })),
    ),
  ),
);

let host: Host;
const begunByTheWay: UploadRow[] = [];
const lists = new Map<string, ReadonlySet<string>>();
const closing: (() => void)[] = [];

const clientOf = ({ userRestricted }: Situation, user: Caller) =>
  new UploadClient(`${host.url}/${userRestricted ? 'uploads' : 'shared'}`, user);
const expected = ({ situation, caller, state, row }: Cell) =>
  statusOf(situation, caller, state, row.wish);
const isChanging = ({ situation, caller, state, row }: Cell) =>
  changes(situation, caller, state, row.wish);

beforeAll(async () => {
  host = await startHost({
    upload: { protocols: PROTOCOLS },
    types: [{ path: 'shared', entity: Shared, userRestricted: false }],
  });
  const all = SITUATIONS.map((situation) => ({ situation, states: statesOf(situation) }));
  for (const { situation, states } of all) await prepare(situation, states);
  for (const cell of cells) cell.listedId = cell.id;
  // Pages of a list are whole only while nothing is added or removed.
  for (const { situation } of all) await readLists(situation);
  await Promise.all(all.map(({ situation, states }) => askAll(situation, states)));
  const made = new Set(all.flatMap(({ states }) => [...states.made]));
  for (const entity of [ChunkedUpload, Shared]) {
    const rows = await host.dataSource.getRepository<UploadRow>(entity).find();
    begunByTheWay.push(...rows.filter(({ id }) => !made.has(id)));
  }
});

function statesOf({ userRestricted }: Situation): UploadStates {
  const entity = userRestricted ? ChunkedUpload : Shared;
  const service = host.app.get<ChunkedUploadService<AbstractChunkedUpload>>(
    getChunkedUploadToken(entity),
    { strict: false },
  );
  const repository = host.dataSource.getRepository<UploadRow>(entity);
  const states = new UploadStates(host, repository, service, committed);
  closing.push(() => states.end());
  return states;
}

async function prepare(situation: Situation, states: UploadStates): Promise<void> {
  const creator = clientOf(situation, situation.begunBy);
  for (const state of STATES) {
    const own = cells.filter((cell) => cell.situation === situation && cell.state === state);
    await giveUploads(own, (count) => states.make(creator, state, count));
  }
}

async function askAll(situation: Situation, states: UploadStates): Promise<void> {
  const creator = clientOf(situation, situation.begunBy);
  const own = cells.filter((cell) => cell.situation === situation);
  await eachOf(own, (cell) =>
    cell.state === 'live' ? askLive(states, creator, cell) : askOne(states, cell),
  );
}

async function askOne(states: UploadStates, cell: Cell): Promise<void> {
  const { row, caller, id, situation } = cell;
  cell.before = await states.remains(id);
  // Whoever ends a writer waits a second for that, and may be told to ask again.
  await until('it is answered for good', async () => {
    cell.status = (await row.ask(clientOf(situation, caller), row.write(id))).status;
    return cell.status !== 423 || expected(cell) === 423;
  });
  cell.after = await states.remains(id);
}

/** Once more, with another upload, where the writer was kept from sending, and so was not live. */
async function askLive(states: UploadStates, creator: UploadClient, cell: Cell): Promise<void> {
  for (let left = TRIES; left > 0; left -= 1) {
    const asked = await states.whileSending(creator, cell.id, () => askOne(states, cell));
    if (asked.longestPauseMs < LONGEST_PAUSE_MS) return;
    [cell.id = ''] = await states.make(creator, 'live', 1);
  }
  throw new Error('This machine is too busy to keep a writer alive');
}

afterAll(async () => {
  for (const close of closing) close();
  await host.close();
  console.log(SITUATIONS.map(tableOf).join('\n\n'));
});

/** One for each request; of the silent ones, one for all requests that leave it as it is. */
async function giveUploads(own: Cell[], make: (count: number) => Promise<string[]>) {
  const alone = own.filter((cell) => cell.state !== 'silent' || isChanging(cell));
  const together = own.filter((cell) => !alone.includes(cell));
  const ids = await make(alone.length + (together.length > 0 ? 1 : 0));
  for (const [at, cell] of alone.entries()) cell.id = ids[at] ?? '';
  for (const cell of together) cell.id = ids.at(-1) ?? '';
}

async function readLists(situation: Situation): Promise<void> {
  for (const { user } of situation.callers) {
    const ids = new Set<string>();
    for (let page = [null] as unknown[]; page.length > 0;) {
      const answer = await clientOf(situation, user).send('GET', {
        query: { offset: String(ids.size) },
      });
      page = answer.body as { id: string }[];
      for (const { id } of page as { id: string }[]) ids.add(id);
    }
    lists.set(listKey(situation, user), ids);
  }
}

function listKey({ userRestricted, begunBy }: Situation, user: Caller): string {
  return JSON.stringify([userRestricted, begunBy, user]);
}

async function eachOf(items: readonly Cell[], work: (cell: Cell) => Promise<void>): Promise<void> {
  const waiting = [...items];
  const worker = async () => {
    for (let item = waiting.shift(); item; item = waiting.shift()) await work(item);
  };
  await Promise.all(Array.from({ length: AT_ONCE }, worker));
}

function titleOf({ userRestricted, begunBy }: Situation): string {
  const who = begunBy === null ? 'somebody anonymous' : 'a user';
  return `userRestricted: ${userRestricted}, begun by ${who}`;
}

function tableOf(situation: Situation): string {
  const width = 44;
  const columns = situation.callers.flatMap(({ name, user }) =>
    STATES.map((state) => ({ name, user, state, column: `${name}, ${state}` })),
  );
  const callers = situation.callers.map(({ name }) => ` ${name}`.padEnd(STATES.length * 5));
  const line = (name: string, values: string[]) =>
    name.padEnd(width) + values.map((value, at) => (at % 7 ? ' ' : '|') + value.padEnd(4)).join('');
  return [
    titleOf(situation),
    ' '.repeat(width) + callers.map((caller) => `|${caller.slice(1)}`).join(''),
    line(
      '',
      columns.map(({ state }) => state.slice(0, 4)),
    ),
    ...ROWS.map((row) => {
      const own = cells.filter((cell) => cell.situation === situation && cell.row === row);
      const find = (column: string) => own.find((cell) => cell.column === column)?.status ?? 0;
      return line(
        row.name,
        columns.map(({ column }) => String(find(column))),
      );
    }),
    line(
      'GET /uploads: is in the list',
      columns.map(({ user, state }) => (listed(situation, user, state).length > 0 ? 'yes' : 'no')),
    ),
  ].join('\n');
}

/** The ids of that state which the caller's list shows. */
function listed(situation: Situation, caller: Caller, state: State): string[] {
  const own = cells.filter((cell) => cell.situation === situation && cell.state === state);
  const ids = [...new Set(own.map(({ listedId }) => listedId))];
  return ids.filter((id) => lists.get(listKey(situation, caller))?.has(id));
}

describe.each(SITUATIONS.map((situation) => [titleOf(situation), situation] as const))(
  '%s',
  (_, situation) => {
    it.each(ROWS)('$name is answered as the contract says', (row) => {
      const own = cells.filter((cell) => cell.situation === situation && cell.row === row);
      expect(own).toHaveLength(situation.callers.length * STATES.length);
      const answers = own.map((cell) => [cell.column, cell.status]);
      const wanted = own.map((cell) => [cell.column, expected(cell)]);
      expect(Object.fromEntries(answers)).toEqual(Object.fromEntries(wanted));
    });

    it('the lists show what their caller may see', () => {
      for (const { name, user } of situation.callers) {
        for (const state of STATES) {
          const own = cells.filter((cell) => cell.situation === situation && cell.state === state);
          const all = new Set(own.map(({ listedId }) => listedId)).size;
          const found = listed(situation, user, state).length;
          expect(found, `${name}, ${state}`).toBe(isListed(situation, user, state) ? all : 0);
        }
      }
    });

    it('what was refused, or only asked, changed neither offset, status, bytes nor writer', () => {
      const still = cells.filter((cell) => cell.situation === situation && !isChanging(cell));
      for (const { before, after, row, column } of still) {
        expect(after, `${row.name} by ${column}`).toEqual(before);
      }
    });

    it('what was accepted did what it says', () => {
      const done = cells.filter((cell) => cell.situation === situation && isChanging(cell));
      for (const { after, row, column } of done) {
        const what = `${row.name} by ${column}`;
        if (row.wish === 'remove') expect(after, what).toBeNull();
        if (row.wish === 'complete') expect(after, what).toMatchObject({ status: 2, bytes: sum });
        if (row.wish.startsWith('next chunk'))
          expect(after, what).toMatchObject({ offset: 200, status: 1, bytes: md5(file) });
        if (row.wish.startsWith('offset')) expect(after, what).toMatchObject({ lease: null });
        if (row.wish === 'offset') expect(after, what).toMatchObject({ offset: 100 });
      }
    });
  },
);

it('nothing was begun by the way', () => {
  expect(begunByTheWay).toEqual([]);
});
