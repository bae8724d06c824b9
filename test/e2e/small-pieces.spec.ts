import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type Host, startHost } from '../support/host.js';
import { RawConnection } from '../support/raw-connection.js';
import { rounds } from '../support/rounds.js';
import { UploadClient, md5, sample } from '../support/upload-client.js';

let host: Host;
let ann: UploadClient;
beforeAll(async () => {
  host = await startHost();
  ann = new UploadClient(`${host.url}/uploads`);
});
afterAll(() => host.close());

/** `bytes` in pieces of these sizes, round and round, and an empty one at the end. */
function inPieces(bytes: Buffer, sizes: readonly number[]): Buffer[] {
  const pieces: Buffer[] = [];
  for (let at = 0, index = 0; at < bytes.length; index += 1) {
    const piece = bytes.subarray(at, at + (sizes[index % sizes.length] ?? 1));
    pieces.push(piece);
    at += piece.length;
  }
  return [...pieces, Buffer.alloc(0)];
}

/** As many bytes as make at most so many pieces. */
function sizeFor(sizes: readonly number[]): number {
  const average = sizes.reduce((sum, size) => sum + size) / sizes.length;
  return Math.min(1_000_000, average * rounds(600_000));
}

async function send(file: Buffer, sizes: readonly number[], isForm: boolean) {
  const form = [
    '--b\r\nContent-Disposition: form-data; name="filename"\r\n\r\na.bin\r\n',
    '--b\r\nContent-Disposition: form-data; name="file"; filename="a"\r\n\r\n',
  ].join('');
  const body = isForm
    ? Buffer.concat([Buffer.from(form), file, Buffer.from('\r\n--b--\r\n')])
    : file;
  const connection = await RawConnection.put(host.url, {
    'content-range': `bytes 0-${file.length - 1}/${file.length}`,
    'content-type': isForm ? 'multipart/form-data; boundary=b' : 'application/octet-stream',
    'transfer-encoding': 'chunked',
  });
  await connection.writePieces(inPieces(body, sizes));
  const answer = await connection.answer();
  connection.destroy();
  return answer;
}

describe.each([
  ['raw', false],
  ['in a form', true],
])('A chunk %s that comes in small pieces', (_, isForm) => {
  it.each([[[1]], [[1, 2, 3]], [[4095, 4096, 4097]], [[1, 70_000, 5, 4096, 1, 1, 300_000]]])(
    'of %j bytes arrives as it was sent',
    async (sizes) => {
      const file = sample(sizeFor(sizes), sizes.length);
      const { status, json } = await send(file, sizes, isForm);
      expect(status, JSON.stringify(json)).toBe(200);
      const done = await ann.complete(json['id'] as string, md5(file));
      expect(done.status, JSON.stringify(done.body)).toBe(200);
      expect((await ann.download(json['id'] as string)).bytes.equals(file)).toBe(true);
    },
  );
});
