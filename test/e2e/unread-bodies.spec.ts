import { afterAll, beforeAll, it } from 'vitest';
import { processMemory } from '../../dist/chunked-upload/memory/process-memory.js';
import { type Host, startHost } from '../support/host.js';
import { UploadClient, sample } from '../support/upload-client.js';
import { until } from '../support/waiting.js';

const MIB = 1024 * 1024;
const bytes = sample(MIB);
const nobody = '00000000-0000-4000-8000-000000000000';

let host: Host;
let ann: UploadClient;

beforeAll(async () => {
  host = await startHost();
  ann = new UploadClient(`${host.url}/uploads`);
});
afterAll(() => host.close());

it.each([
  ['not to be found', async () => ({ query: { upload_id: nobody } })],
  ['there', async () => ({ query: { upload_id: (await ann.begin(bytes, 2 * MIB)).id } })],
])('the body of a DELETE of an upload that is %s gives its memory back', async (_, named) => {
  const headers = { 'content-type': 'application/octet-stream' };
  await ann.send('DELETE', { ...(await named()), headers }, bytes as BufferSource);
  await until('no memory is held', () => processMemory.used === 0);
});
