// What clients do to a host, over HTTP.
import { once } from 'node:events';
import { request } from 'node:http';
import { setTimeout as sleep } from 'node:timers/promises';
import { CHUNK, FILE, md5 } from './use-service.js';

const MIB = 1024 * 1024;
const IDENTITY = { 'x-user': 'ann' };
const BYTES = { ...IDENTITY, 'content-type': 'application/octet-stream' };

/** @param url of the upload type */
export async function useHttp(url: string): Promise<void> {
  const id = await sendChunks(url);
  await ok(await post(`${url}/${id}`));
  const whole = `${url}?filename=whole.bin&md5=${md5(FILE)}`;
  await ok(await fetch(whole, { method: 'POST', headers: BYTES, body: FILE }));
  await downloadHalf(`${url}/${id}/file`);
  await refusedOnTheWay(url);
  await fallSilent(url);
}

/** All of the file; returns the upload's id. */
async function sendChunks(url: string): Promise<string> {
  let path = `${url}?filename=chunks.bin`;
  let id = '';
  for (let start = 0; start < FILE.length; start += CHUNK) {
    const headers = { ...BYTES, 'content-range': range(start) };
    const body = FILE.subarray(start, start + CHUNK);
    const answer = await ok(await fetch(path, { method: 'PUT', headers, body }));
    id = (JSON.parse(answer) as { id: string }).id;
    path = `${url}/${id}`;
  }
  return id;
}

async function post(url: string): Promise<Response> {
  const body = new URLSearchParams({ md5: md5(FILE) });
  return fetch(url, { method: 'POST', headers: IDENTITY, body });
}

/** Then the connection breaks off. */
async function downloadHalf(url: string): Promise<void> {
  const download = request(url, { headers: IDENTITY, agent: false }).end();
  const [response] = (await once(download, 'response')) as [AsyncIterable<Buffer>];
  let read = 0;
  for await (const bytes of response) {
    read += bytes.length;
    if (read >= FILE.length / 2) break;
  }
  download.destroy();
}

/** A chunk that is answered before it has come whole, as too large for this type; it never does. */
async function refusedOnTheWay(url: string): Promise<void> {
  const videos = new URL('/videos?filename=large.bin', url);
  const headers = { ...BYTES, 'content-range': range(0), 'content-length': CHUNK };
  const sender = request(videos, { method: 'PUT', headers, agent: false });
  sender.on('error', () => undefined);
  sender.write(FILE.subarray(0, MIB / 2));
  await once(sender, 'response');
  sender.destroy();
}

/** A chunk that stops on its way, and its sender, who comes back and asks how far it was. */
async function fallSilent(url: string): Promise<void> {
  const first = { ...BYTES, 'content-range': range(0) };
  const path = `${url}?filename=silent.bin`;
  const body = FILE.subarray(0, CHUNK);
  const answer = await ok(await fetch(path, { method: 'PUT', headers: first, body }));
  const { id } = JSON.parse(answer) as { id: string };
  const headers = { ...BYTES, 'content-range': range(CHUNK), 'content-length': CHUNK };
  const sender = request(`${url}/${id}`, { method: 'PUT', headers, agent: false });
  sender.on('error', () => undefined);
  sender.write(FILE.subarray(CHUNK, CHUNK + MIB));
  await sleep(700);
  let asked: Response;
  // It is to ask again where what had come takes more than a second to store.
  do asked = await fetch(`${url}/${id}`, { method: 'HEAD', headers: IDENTITY });
  while (asked.status === 423);
  await ok(asked);
  sender.destroy();
}

function range(start: number): string {
  return `bytes ${start}-${start + CHUNK - 1}/${FILE.length}`;
}

async function ok(response: Response): Promise<string> {
  const text = await response.text();
  if (!response.ok) throw new Error(`${response.status} ${text}`);
  return text;
}
