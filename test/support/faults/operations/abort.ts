import { json } from '../../chunk-request.js';
import type { FaultHost } from '../fault-host.js';
import type { Operation } from '../operation.js';
import { PersistentUpload } from '../persistent-upload.js';
import { expectStatus, persist, request } from '../requests.js';
import { removed } from './remove.js';

const ABORTED = 3;

export const abort: Operation = {
  name: 'abort',
  prepare: async (stage) => {
    const upload = await PersistentUpload.begun(stage);
    return {
      run: () => stage.first.call('files', 'abort', upload.id),
      recover: async (next, reply) => {
        const again = await persist('abort', () => next.call('files', 'abort', upload.id));
        expectStatus('abort', again, 200);
        await reply;
        await expectAborted(next, upload);
        await removed(next, upload);
        return [];
      },
    };
  },
};

/** The record is kept, and takes no bytes. */
async function expectAborted(next: FaultHost, upload: PersistentUpload): Promise<void> {
  const answer = expectStatus('GET', await request(next, 'GET', upload.url), 200);
  const { status } = json(answer);
  if (status !== ABORTED) throw new Error(`It was aborted, and has status ${String(status)}`);
  expectStatus('A chunk after the abort', await upload.sendRest(next), 410);
}
