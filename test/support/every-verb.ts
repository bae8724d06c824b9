import { type Answer, UploadClient, md5, sample } from './upload-client.js';

const file = sample(300);
const sum = md5(file);
const rest = file.subarray(100);

export interface Asked {
  /** Verb and path, for a person. */
  readonly name: string;
  readonly answer: Answer;
}

/** The contract's requests, once each, as a client would send them: the life of two uploads. */
export async function askEveryVerb(
  client: UploadClient,
  headers: Readonly<Record<string, string>> = {},
): Promise<Asked[]> {
  const asked: Asked[] = [];
  const ask = async (name: string, answering: Promise<Answer>): Promise<Answer> => {
    const answer = await answering;
    asked.push({ name, answer });
    return answer;
  };
  const idOf = (answer: Answer) =>
    answer.upload?.id ?? (answer.body as { data?: { id?: string } }).data?.id ?? 'none';

  const put = (id?: string) =>
    id === undefined
      ? client.put('bytes 0-99/300', file.subarray(0, 100), { headers })
      : client.put('bytes 100-299/300', rest, { id, headers });
  const id = idOf(await ask('PUT', put()));
  await ask('PUT :id', put(id));
  const named = idOf(await put());
  const query = { upload_id: named };
  await ask('PUT upload_id', client.put('bytes 100-299/300', rest, { query, headers }));
  await ask('HEAD :id', client.send('HEAD', { id, headers }));
  await ask('GET :id', client.send('GET', { id, headers }));
  await ask('POST :id', client.postForm({ md5: sum }, { id, headers }));
  const form = { upload_id: named, md5: sum };
  await ask('POST upload_id', client.postForm(form, { headers }));
  await ask('POST', client.whole(file, { query: { md5: sum }, headers }));
  await ask('GET', client.send('GET', { headers }));
  await ask('HEAD :id/file', client.send('HEAD', { id: `${id}/file`, headers }));
  await ask('GET :id/file', client.send('GET', { id: `${id}/file`, headers }));
  await ask('DELETE :id', client.send('DELETE', { id, headers }));
  await ask('DELETE upload_id', client.send('DELETE', { query, headers }));
  return asked;
}

/** What each is answered where nobody stands between. */
export const USUAL: Readonly<Record<string, number>> = {
  PUT: 200,
  'PUT :id': 200,
  'PUT upload_id': 200,
  'HEAD :id': 200,
  'GET :id': 200,
  'POST :id': 200,
  'POST upload_id': 200,
  POST: 200,
  GET: 200,
  'HEAD :id/file': 200,
  'GET :id/file': 200,
  'DELETE :id': 204,
  'DELETE upload_id': 204,
};

export function statusesOf(asked: readonly Asked[]): Record<string, number> {
  return Object.fromEntries(asked.map(({ name, answer }) => [name, answer.status]));
}

/** The same status to all of them. */
export function all(status: number): Record<string, number> {
  return Object.fromEntries(Object.keys(USUAL).map((name) => [name, status]));
}
