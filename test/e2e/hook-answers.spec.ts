import {
  ChunkedUploadController,
  type ChunkedUploadOptions,
  UploadPolicy,
} from 'nestjs-chunked-upload';
import { describe, expect, it } from 'vitest';
import { withHost } from '../support/host.js';
import { UploadClient, sample } from '../support/upload-client.js';

// What is not typed may answer anything: no nonsense may mean that all is allowed.

const first = sample(100);

/** The status of a first chunk, and of a look at somebody else's upload. */
async function statuses(upload: ChunkedUploadOptions): Promise<number[]> {
  const seen: number[] = [];
  await withHost({ upload }, async (host) => {
    const client = new UploadClient(`${host.url}/uploads`, 'eve');
    const fields = { filename: 'a.bin' };
    const { id } = await host.uploads.begin({ body: first, fields }, { creator: 'ann' });
    seen.push((await client.put('bytes 0-99/300', first)).status, (await client.get(id)).status);
  });
  return seen;
}

function accessing(answer: unknown) {
  return class extends ChunkedUploadController {
    protected override access(): never {
      return answer as never;
    }
  };
}

class Answering extends UploadPolicy {
  constructor(private readonly answer: unknown) {
    super();
  }

  check(): never {
    return this.answer as never;
  }
}

describe('An answer that is none', () => {
  it.each([[null], [undefined], ['ALL'], [{}], [true], [{ creators: 'ann' }]])(
    'of the step access, %j, opens nothing',
    async (answer) => {
      expect(await statuses({ controller: accessing(answer) })).toEqual([500, 500]);
    },
  );

  it.each([[{ id: 1 }], [''], [true], [Number.NaN], [['a', 'b']], [() => 'ann']])(
    'of the option user, %j, is nobody',
    async (answer) => {
      expect(await statuses({ user: () => answer as never })).toEqual([500, 500]);
    },
  );

  it.each([[undefined], [Number.NaN], ['5mb'], [{}], [-1]])(
    'of maxBytes, %j, is not without limit',
    async (answer) => {
      const upload = { maxBytes: () => answer as never };
      await withHost({ upload }, async (host) => {
        const client = new UploadClient(`${host.url}/uploads`);
        expect((await client.put('bytes 0-99/300', first)).status).toBe(500);
      });
    },
  );

  it.each([[false], [0], [true], [{}], [new Error('no')]])(
    'of a policy, %j, does not agree',
    async (answer) => {
      await withHost({ upload: { policies: [new Answering(answer)] } }, async (host) => {
        const client = new UploadClient(`${host.url}/uploads`);
        expect((await client.put('bytes 0-99/300', first)).status).toBe(500);
        expect(await client.list()).toEqual([]);
      });
    },
  );
});
