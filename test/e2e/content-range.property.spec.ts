import * as fc from 'fast-check';
import { Agent, type IncomingMessage, request } from 'node:http';
import type { UploadRepresentation } from 'nestjs-chunked-upload';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type Host, startHost } from '../support/host.js';
import { rounds } from '../support/rounds.js';
import { UploadClient, md5 } from '../support/upload-client.js';

// Uploads of random files, by requests of which some go on properly and most are wrong in a way
// that the generator chooses. What the server must do with each is computed here once more.

const MOST_BYTES = 400;
const REQUESTS_EACH = 10;

/** One request: where it says its chunk is, relative to the truth, and what it brings. */
interface Step {
  readonly header: Header;
  /** How many bytes it brings more (or less) than its header says. */
  readonly surplus: number;
  readonly size: number;
  readonly multipart: boolean;
  readonly announced: boolean;
}

type Header =
  | {
      readonly kind: 'range';
      readonly shift: number;
      readonly stretch: number;
      readonly total: number | '*' | null;
    }
  | { readonly kind: 'text'; readonly text: string };

const nearly = fc.oneof({ weight: 6, arbitrary: fc.constant(0) }, fc.integer({ min: -3, max: 3 }));

const number = fc.oneof(
  fc.nat(500).map(String),
  fc.constantFrom('0', '1', '00', '007', '-1', '+1', '1e3', '0x10', '1.5', '', ' ', '*', 'NaN'),
  fc.constantFrom('9007199254740991', '9007199254740992', '9223372036854775808', '9'.repeat(400)),
);

const text = fc.oneof(
  fc.tuple(number, number, number).map(([a, b, total]) => `bytes ${a}-${b}/${total}`),
  fc
    .tuple(fc.constantFrom('bytes', 'Bytes', 'BYTES', 'byte', 'items', ''), number, number, number)
    .map(([unit, a, b, total]) => `${unit} ${a}-${b}/${total}`),
  fc.tuple(number, number).map(([a, b]) => `bytes ${a}-${b}`),
  fc.tuple(number, number, number).map(([a, b, c]) => `bytes ${a}-${b}/${c}, bytes ${a}-${b}/${c}`),
  fc.stringMatching(/^[ -~]{0,40}$/),
  fc.stringMatching(/^bytes [0-9*/ -]{0,20}$/),
  fc.string({ maxLength: 20 }).map((value) => Buffer.from(value).toString('latin1')),
);

const header: fc.Arbitrary<Header> = fc.oneof(
  {
    weight: 3,
    arbitrary: fc.record({
      kind: fc.constant('range' as const),
      shift: nearly,
      stretch: nearly,
      // null: the true one.
      total: fc.oneof(
        { weight: 6, arbitrary: fc.constant(null) },
        { weight: 2, arbitrary: fc.constant('*' as const) },
        fc.nat(MOST_BYTES + 10),
      ),
    }),
  },
  { weight: 2, arbitrary: text.map((value) => ({ kind: 'text' as const, text: value })) },
);

const step: fc.Arbitrary<Step> = fc.record({
  header,
  surplus: nearly,
  size: fc.integer({ min: 0, max: 80 }),
  multipart: fc.boolean(),
  announced: fc.boolean(),
});

const agent = new Agent({ keepAlive: true, maxSockets: 1 });
let host: Host;
let client: UploadClient;

beforeAll(async () => {
  host = await startHost();
  client = new UploadClient(`${host.url}/uploads`);
});
afterAll(async () => {
  agent.destroy();
  await host.close();
});

interface Sent {
  readonly range: string;
  readonly body: Buffer;
}

function send(id: string | null, sent: Sent, { multipart, announced }: Step) {
  const payload = multipart
    ? Buffer.concat([
        Buffer.from('--b\r\nContent-Disposition: form-data; name="file"; filename="f"\r\n\r\n'),
        sent.body,
        Buffer.from('\r\n--b--\r\n'),
      ])
    : sent.body;
  const type = multipart ? 'multipart/form-data; boundary=b' : 'application/octet-stream';
  return exchange('PUT', id === null ? '?filename=f' : `/${id}`, payload, {
    'content-type': type,
    'content-range': sent.range,
    ...(announced ? { 'content-length': payload.length } : { 'transfer-encoding': 'chunked' }),
  });
}

async function exchange(
  method: string,
  path: string,
  payload: Buffer,
  headers: Record<string, string | number>,
) {
  const response = await new Promise<IncomingMessage>((resolve, reject) => {
    const outgoing = request(client.url + path, {
      agent,
      method,
      headers: { 'x-user': client.user ?? '', ...headers },
    });
    outgoing.on('response', resolve);
    outgoing.on('error', reject);
    outgoing.end(payload);
  });
  const parts: Buffer[] = [];
  for await (const part of response) parts.push(part as Buffer);
  const body = Buffer.concat(parts).toString();
  return { status: response.statusCode ?? 0, headers: response.headers, body };
}

/** What the server knows of an upload, as this test reckons. */
interface Model {
  readonly file: Buffer;
  id: string | null;
  offset: number;
  total: number | null;
}

/** The grammar, written once more. */
function isAccepted({ range, body }: Sent, model: Model): boolean {
  const match = /^bytes (\d+)-(\d+)\/(\d+|\*)$/i.exec(range.trim());
  if (!match || [1, 2, 3].some((group) => (match[group] ?? '').length > 16)) return false;
  const [start, end] = [Number(match[1]), Number(match[2])];
  const total = match[3] === '*' ? null : Number(match[3]);
  const known = model.total ?? total;
  return (
    start === model.offset &&
    body.length === end - start + 1 &&
    body.length > 0 &&
    (total === null || model.total === null || total === model.total) &&
    (known === null || end < known)
  );
}

function spell({ header: given, size: wanted, surplus }: Step, model: Model): Sent {
  const { file, offset } = model;
  const size = Math.min(wanted, file.length - offset);
  const stretch = given.kind === 'range' ? given.stretch : 0;
  // Beyond the file there are other bytes: were they ever kept, the sum would tell.
  const source = Buffer.concat([file.subarray(offset), Buffer.alloc(10, 1)]);
  const body = source.subarray(0, Math.max(0, size + stretch + surplus));
  if (given.kind === 'text') return { range: given.text, body };
  const start = offset + given.shift;
  const total = given.total ?? file.length;
  return { range: `bytes ${start}-${start + size + stretch - 1}/${total}`, body };
}

async function take(given: Step, model: Model): Promise<'accepted' | 'refused' | null> {
  const sent = spell(given, model);
  // A question, or a beginning without bytes: no chunk.
  if (/^bytes \*\/\d+$/i.test(sent.range.trim())) return null;
  const accepted = isAccepted(sent, model);
  // A total that the file has not, or bytes that are not its own, would rightly be kept.
  const { total } = /\/(?<total>\d+)$/.exec(sent.range.trim())?.groups ?? {};
  const isTrue =
    model.file.subarray(model.offset, model.offset + sent.body.length).equals(sent.body) &&
    (total === undefined || Number(total) === model.file.length);
  if (accepted && !isTrue) return null;
  const answer = await send(model.id, sent, given);
  const seen = `${sent.range} with ${sent.body.length} bytes at ${model.offset}: ${answer.status} ${answer.body}`;
  if (!accepted) {
    expect(answer.status >= 400 && answer.status < 500, seen).toBe(true);
    return 'refused';
  }
  expect(answer.status, seen).toBe(200);
  const upload = JSON.parse(answer.body) as UploadRepresentation;
  model.id = upload.id;
  model.offset += sent.body.length;
  if (total !== undefined) model.total = Number(total);
  expect({ offset: upload.offset, total: upload.total }, seen).toEqual({
    offset: model.offset,
    total: model.total,
  });
  return 'accepted';
}

async function reportedOffset(model: Model): Promise<number> {
  if (model.id === null) return 0;
  const { headers } = await exchange('HEAD', `/${model.id}`, Buffer.alloc(0), {});
  return Number(headers['upload-offset']);
}

/** Sends what is still missing, completes, and reads the file back. */
async function finish(model: Model): Promise<void> {
  const { file } = model;
  const rest = { multipart: false, announced: true } as Step;
  if (model.offset < file.length) {
    const range = `bytes ${model.offset}-${file.length - 1}/${file.length}`;
    const answer = await send(model.id, { range, body: file.subarray(model.offset) }, rest);
    expect(answer.status, answer.body).toBe(200);
    model.id = (JSON.parse(answer.body) as UploadRepresentation).id;
  }
  const id = model.id ?? '';
  const completed = await exchange('POST', `/${id}?md5=${md5(file)}`, Buffer.alloc(0), {});
  expect(completed.status, completed.body).toBe(200);
  expect((await client.download(id)).bytes.equals(file)).toBe(true);
}

describe('Whatever Content-Range and body are sent', () => {
  const requests = rounds(10_000);

  it(`${requests} times: never a 5xx, never a wrong offset, and the file equals the original`, async () => {
    const uploads = fc.tuple(
      fc.uint8Array({ minLength: 1, maxLength: MOST_BYTES }).map((bytes) => Buffer.from(bytes)),
      fc.array(step, { minLength: REQUESTS_EACH, maxLength: REQUESTS_EACH }),
    );
    const sent = { accepted: 0, refused: 0 };
    const property = fc.asyncProperty(uploads, async ([file, steps]) => {
      const model: Model = { file, id: null, offset: 0, total: null };
      for (const given of steps) {
        const outcome = await take(given, model);
        if (outcome === null) continue;
        sent[outcome] += 1;
        expect(await reportedOffset(model)).toBe(model.offset);
      }
      await finish(model);
    });
    // Some are not sent: three in two make up for them.
    await fc.assert(property, { numRuns: Math.ceil((1.5 * requests) / REQUESTS_EACH) });
    expect(sent.accepted + sent.refused).toBeGreaterThanOrEqual(requests);
    // A generator of nothing but nonsense, or of nothing but sense, would prove little.
    expect(Math.min(sent.accepted, sent.refused)).toBeGreaterThan(requests / 20);
  });
});
