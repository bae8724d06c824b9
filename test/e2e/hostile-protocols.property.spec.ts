import fc from 'fast-check';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type Host, startHost } from '../support/host.js';
import { InterimRequest } from '../support/interim-request.js';

// No header, however wrong, gets a 5xx, and none changes an upload that is there but by a chunk that is
// accepted. What holds for the contract's own protocol is in hostile-requests.property.spec.ts.

const RUNS = 150;
const ANSWER = 'a request that was answered';

let host: Host;
beforeAll(async () => {
  host = await startHost({
    upload: { protocols: ['content-range', 'tus', 'filepond', 'resumable-http'] },
  });
});
afterAll(() => host?.close());

const text = fc.oneof(
  fc.constantFrom(
    '',
    '0',
    '1',
    '5',
    '10',
    '-1',
    '1e3',
    '007',
    '9007199254740993',
    '?0',
    '?1',
    '?2',
  ),
  fc.constantFrom(
    '?1;a',
    '?1, ?0',
    '4',
    '5, 5',
    '99999999999999999999',
    'null',
    '*',
    'a.txt',
    '..',
  ),
  fc.string({ maxLength: 40, unit: fc.integer({ min: 0x20, max: 0xff }).map(letter) }),
);

/** One letter that a header may have. */
function letter(code: number): string {
  return String.fromCharCode(code === 0x7f ? 0x20 : code);
}

const body = fc.constantFrom('', 'x', 'hello', '{}', 'x'.repeat(5000));

const fields: Record<string, readonly string[]> = {
  tus: [
    'tus-resumable',
    'upload-offset',
    'upload-length',
    'upload-defer-length',
    'content-type',
    'upload-metadata',
    'upload-checksum',
    'upload-concat',
    'x-http-method-override',
  ],
  FilePond: ['upload-offset', 'upload-length', 'upload-name', 'content-type'],
  'the IETF draft': [
    'upload-offset',
    'upload-length',
    'upload-complete',
    'upload-incomplete',
    'upload-draft-interop-version',
    'content-type',
    'content-disposition',
    'content-digest',
    'repr-digest',
  ],
};

const types = fc.constantFrom(
  'application/partial-upload',
  'application/offset+octet-stream',
  'multipart/form-data; boundary=b',
  'text/plain',
);

const metadata = fc.constantFrom(
  'filename YS50eHQ=',
  'filename',
  'filename /w==',
  'filename AGE=',
  'filename YS50eHQ=,filename YS50eHQ=',
  'owner_type cGVyc29u',
  ',,',
  '__proto__ YQ==',
  'md5 YQ==,constructor YQ==',
);

describe.each(Object.entries(fields))('by headers of %s', (_, names) => {
  it('nobody gets a 5xx, and what was refused changed nothing', async () => {
    const model = Object.fromEntries(
      names.map((name) => [name, name === 'content-type' ? fc.oneof(types, text) : text]),
    );
    if ('tus-resumable' in model) {
      model['tus-resumable'] = fc.oneof({ weight: 9, arbitrary: fc.constant('1.0.0') }, text);
      model['upload-metadata'] = fc.oneof(text, metadata);
      model['upload-checksum'] = fc.oneof(
        text,
        fc.constantFrom('sha1 AAAA', 'crc32 AAAAAA==', 'x y'),
      );
      model['x-http-method-override'] = fc.constantFrom('PATCH', 'delete', 'HEAD', 'TRACE', '');
    }
    const headers = fc.record(model, {
      requiredKeys: 'tus-resumable' in model ? ['tus-resumable'] : [],
    });
    const methods = fc.constantFrom('POST', 'PUT', 'PATCH', 'HEAD', 'DELETE', 'OPTIONS');
    const target = fc.constantFrom('', '?patch=', '/', '?filename=a.txt', '?patch=x', '?%ff');
    const asked = fc.asyncProperty(
      methods,
      target,
      headers,
      body,
      async (method, at, given, sent) => {
        const upload = await host.uploads.create(
          { fields: { filename: 'a.txt' }, total: 10 },
          { creator: 'ann' },
        );
        const path = at === '/' || at === '?patch=' ? at + upload.id : at;
        const request = InterimRequest.send(
          method,
          `${host.url}/uploads${path}`,
          { 'x-user': 'ann', ...given },
          Buffer.from(sent),
        );
        const { status } = await request.catch((error: unknown) => {
          throw new Error(ANSWER, { cause: error });
        });
        expect(status).toBeLessThan(500);
        if (status < 400) return;
        const after = await host.uploads.findOne(upload.id);
        expect(after.offset).toBe(0);
        expect(after.leaseToken).toBe(null);
      },
    );
    await fc.assert(asked, { numRuns: RUNS });
  });
});
