import { IsInt, IsOptional, IsString, MaxLength } from 'class-validator';
import * as fc from 'fast-check';
import { AbstractChunkedUpload } from 'nestjs-chunked-upload';
import { Column, Entity, PrimaryColumn, PrimaryGeneratedColumn } from 'typeorm';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type Host, startHost } from '../support/host.js';
import { rounds } from '../support/rounds.js';
import { UploadClient, md5 } from '../support/upload-client.js';

// Whatever stands in fields, names, ids, queries and headers: an answer below 500, nobody's
// rejection left over (vitest fails for one), and a server that goes on.

@Entity()
class Person {
  @PrimaryGeneratedColumn()
  id!: number;
}

@Entity()
class Account {
  @PrimaryColumn('bigint')
  id!: string;
}

@Entity()
class Team {
  @PrimaryColumn('uuid')
  id!: string;
}

@Entity()
class Tag {
  @PrimaryColumn('varchar', { length: 20 })
  name!: string;
}

@Entity()
class Film extends AbstractChunkedUpload {
  @Column('varchar', { length: 40, nullable: true })
  title!: string | null;

  @Column('int', { nullable: true })
  year!: number | null;
}

class FilmFields {
  @IsOptional()
  @IsString()
  @MaxLength(40)
  title?: string;

  @IsOptional()
  @IsInt()
  year?: number;
}

let host: Host;
let films: UploadClient;
let known: string;

beforeAll(async () => {
  const owners = { person: Person, account: Account, team: Team, tag: Tag, 5: Person };
  const upload = {
    entity: Film,
    path: 'films',
    owners,
    fields: FilmFields,
    allowedMimeTypes: ['text/plain', 'image/*', 'application/octet-stream'],
    maxBytes: 100_000,
  };
  const database = { entities: [Person, Account, Team, Tag] } as object;
  host = await startHost({ upload, database });
  films = new UploadClient(`${host.url}/films`);
  await host.dataSource.query('INSERT INTO person DEFAULT VALUES');
  await host.dataSource.query(`INSERT INTO tag VALUES ('a')`);
  known = (await films.begin(Buffer.from('ab'), 10, { filename: 'a.txt' })).id;
});
afterAll(() => host.close());

const odd = fc.constantFrom(
  '',
  ' ',
  '0',
  '1',
  '01',
  ' 1',
  '-1',
  '+1',
  '1.5',
  '1e3',
  '0x1',
  '1_0',
  'abc',
  'a',
  'NaN',
  'Infinity',
  'null',
  'undefined',
  'true',
  '[object Object]',
  '99999999999999999999',
  '9223372036854775808',
  '-9223372036854775809',
  '2147483648',
  '9'.repeat(5000),
  '00000000-0000-0000-0000-000000000000',
  '{00000000-0000-0000-0000-000000000000}',
  '__proto__',
  'constructor',
  'toString',
  'hasOwnProperty',
  'person',
  'Person',
  'account',
  'team',
  'tag',
  '5',
  '../../etc/passwd',
  '..',
  '.',
  '/',
  '\\',
  '%2f',
  '%00',
  '\0',
  'a\0b.txt',
  '\ud800',
  '\udc00\ud800.txt',
  'a.jpg.php',
  'a\u202egnp.txt',
  'CON',
  'NUL.txt',
  '-rf.txt',
  '\u{1f600}.txt',
  'x'.repeat(300),
  'x'.repeat(64 * 1024),
  "'; DROP TABLE film; --",
  '$1',
  '"',
  '\r\nx: y',
  '[]',
  '{}',
);
const value = fc.oneof(
  { weight: 4, arbitrary: odd },
  fc.string({ maxLength: 30, unit: 'binary' }),
  fc.constant('a.txt'),
);
const name = fc.oneof(
  {
    weight: 8,
    arbitrary: fc.constantFrom(
      'filename',
      'owner_type',
      'owner_id',
      'upload_id',
      'md5',
      'total',
      'title',
      'year',
      'status',
      'limit',
      'offset',
      'creator',
    ),
  },
  fc.constantFrom('__proto__', 'constructor', 'prototype', 'title[]', 'title[a]', 'title.x', 'id'),
  value,
);
const fields = fc.array(fc.tuple(name, value), { maxLength: 6 });
const json = fc.oneof(
  fc.json({ maxDepth: 4 }),
  fields.map((pairs) => JSON.stringify(Object.fromEntries(pairs))),
  fc.constantFrom(
    '{"__proto__":{"md5":"x"},"md5":["a"],"upload_id":{"a":1}}',
    '[]',
    'null',
    '"x"',
    '{',
    '{"md5":1e400,"upload_id":true}',
    `{"upload_id":"${'x'.repeat(64 * 1024)}"}`,
  ),
);
const id = fc.oneof(
  fc.constant('KNOWN'),
  fc.constant('KNOWN/file'),
  value.map((text) => encodeURIComponent(text.toWellFormed())),
  fc.constantFrom('%ZZ', '%', '%c0%ae', 'KNOWN/file/x', '..%2f..'),
);
const range = fc.oneof(
  fc.constantFrom('bytes 0-1/10', 'bytes 2-3/10', 'bytes 0-1/*', 'bytes 0-9/10'),
  fc.constantFrom('', 'bytes', 'bytes 0-0/0', 'bytes 9-1/5', `bytes 0-${'9'.repeat(300)}/*`),
);
const body = fc.oneof(
  fc.record({ kind: fc.constant('none' as const) }),
  fc.record({ kind: fc.constant('raw' as const), type: value, size: fc.nat(12) }),
  fc.record({
    kind: fc.constant('form' as const),
    before: fields,
    after: fields,
    file: fc.constantFrom(true, true, false),
    filename: value,
    size: fc.nat(12),
  }),
  fc.record({ kind: fc.constant('urlencoded' as const), fields }),
  fc.record({ kind: fc.constant('json' as const), text: json }),
);
const requests = fc.record({
  method: fc.constantFrom('PUT', 'POST', 'GET', 'HEAD', 'DELETE'),
  id: fc.option(id, { nil: '' }),
  query: fields,
  range: fc.option(range, { nil: null }),
  disposition: fc.option(
    fc.constantFrom('attachment; filename="../x"', "attachment; filename*=UTF-8''%ff", ';;=', 'x'),
    { nil: null },
  ),
  body,
});
type Hostile = typeof requests extends fc.Arbitrary<infer R> ? R : never;

function bodyOf(each: Hostile['body']): { type?: string; body?: RequestInit['body'] } {
  if (each.kind === 'none') return {};
  if (each.kind === 'json') return { type: 'application/json', body: each.text };
  if (each.kind === 'raw') {
    // A header holds no line breaks and nothing above Latin-1: the rest of the oddness stays.
    const type = Buffer.from(each.type.slice(0, 200), 'latin1').toString('latin1');
    return { type: type.replace(/[^\x20-\x7e]/g, '') || 'x', body: Buffer.alloc(each.size, 97) };
  }
  if (each.kind === 'urlencoded') return { body: new URLSearchParams(each.fields) };
  const form = new FormData();
  for (const [key, text] of each.before) form.append(key, text);
  if (each.file) form.append('file', new Blob([Buffer.alloc(each.size, 97)]), each.filename);
  for (const [key, text] of each.after) form.append(key, text);
  return { body: form };
}

async function send({ method, id: path, query, range: header, disposition, body: sent }: Hostile) {
  const { type, body: bytes } = method === 'GET' || method === 'HEAD' ? {} : bodyOf(sent);
  const search = new URLSearchParams(query).toString();
  // Longer than Node reads of a request line and its headers is Node's 431.
  const target = path === '' ? '' : `/${path.replace('KNOWN', known).slice(0, 3000)}`;
  const response = await fetch(`${host.url}/films${target}?${search.slice(0, 8000)}`, {
    method,
    headers: {
      'x-user': 'ann',
      ...(type === undefined ? {} : { 'content-type': type }),
      ...(header === null ? {} : { 'content-range': header }),
      ...(disposition === null ? {} : { 'content-disposition': disposition }),
    },
    ...(bytes === undefined ? {} : { body: bytes }),
  });
  return { status: response.status, text: await response.text() };
}

describe('No request', () => {
  it('gets an answer of 500 or more', async () => {
    const seen = new Map<number, number>();
    await fc.assert(
      fc.asyncProperty(requests, async (hostile) => {
        const { status, text } = await send(hostile);
        seen.set(status, (seen.get(status) ?? 0) + 1);
        expect(status, text).toBeLessThan(500);
        // Another one's request may have removed it.
        if ((await films.get(known)).status === 404) {
          known = (await films.begin(Buffer.from('ab'), 10, { filename: 'a.txt' })).id;
        }
      }),
      { numRuns: rounds(10_000) },
    );
    // Else it would have tested little.
    for (const status of [200, 204, 400, 404]) expect(seen.get(status) ?? 0).toBeGreaterThan(5);
  });

  it('has spoilt the server for others', async () => {
    const bytes = Buffer.from('plain words');
    const query = { owner_type: 'person', owner_id: '1', title: 'Sea', md5: md5(bytes) };
    const answer = await films.whole(bytes, { filename: 'a.txt', query });
    expect(answer.upload).toMatchObject({ status: 2, owner_type: 'person', title: 'Sea' });
    expect((Object.prototype as Record<string, unknown>)['md5']).toBeUndefined();
  });
});
