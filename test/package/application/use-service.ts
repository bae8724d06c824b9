// What a host may do with uploads of its own, without anybody's request.
import { createHash, randomBytes } from 'node:crypto';
import { once } from 'node:events';
import { Readable } from 'node:stream';
import { setTimeout as sleep } from 'node:timers/promises';
import type { INestApplicationContext } from '@nestjs/common';
import { ChunkedUploadService } from 'nestjs-chunked-upload';

const MIB = 1024 * 1024;
/** Much more than what is hashed where it is: this goes through the hashing threads. */
export const CHUNK = 2 * MIB;
export const FILE = randomBytes(3 * CHUNK);

export function md5(bytes: Uint8Array): string {
  return createHash('md5').update(bytes).digest('hex');
}

export async function useService(app: INestApplicationContext): Promise<void> {
  const uploads = app.get(ChunkedUploadService, { strict: false });
  const fields = { filename: 'service.bin' };

  let upload = await uploads.begin({ fields, body: FILE.subarray(0, CHUNK), total: FILE.length });
  for (let offset = CHUNK; offset < FILE.length; offset += CHUNK) {
    const body = Readable.from([FILE.subarray(offset, offset + CHUNK)]);
    upload = await uploads.append(upload.id, { body, offset });
  }
  const completed = await uploads.complete(upload.id, { checksum: md5(FILE) });
  await uploads.uploadWhole({ fields, body: FILE, checksum: md5(FILE) });

  // Half of a download, of which the rest is not wanted.
  const download = await uploads.createReadStream(completed.upload);
  for (let read = 0; read < FILE.length / 2;) {
    const [bytes] = (await once(download, 'data')) as [Buffer];
    read += bytes.length;
  }
  download.destroy();

  // A sender that falls silent: whoever asks for the position ends it, whoever removes it as well.
  for (const end of ['findResumable', 'remove'] as const) {
    const silent = await uploads.begin({ fields, body: FILE.subarray(0, CHUNK), total: null });
    const body = new Readable({ read() {} });
    body.push(FILE.subarray(0, MIB));
    let isOver = false;
    const over = (): void => void (isOver = true);
    void uploads.append(silent.id, { body, offset: CHUNK }).then(over, over);
    // Again, where it is not over within a second, or was no writer yet.
    for (; !isOver; await sleep(100)) {
      await sleep(700);
      await uploads[end](silent.id).catch((error: { code?: unknown }) => {
        if (error.code !== 'busy' && error.code !== 'not_found') throw error;
      });
    }
  }
}

export async function cleanUp(app: INestApplicationContext): Promise<void> {
  const uploads = app.get(ChunkedUploadService, { strict: false });
  await uploads.removeExpired({ unfinished: true });
  await uploads.reconcile();
}
