import { readFile } from 'node:fs/promises';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { type TestDatabase, createDatabase } from '../support/database.js';
import { type Sample, parsePrometheusText } from '../support/prometheus-text.js';
import { RawConnection } from '../support/raw-connection.js';
import { ServerProcess } from '../support/server-process.js';
import { UploadClient, md5, sample } from '../support/upload-client.js';
import { until } from '../support/waiting.js';

let database: TestDatabase;
let demo: ServerProcess;
const file = sample(300);

beforeAll(async () => {
  database = await createDatabase();
  demo = await ServerProcess.start({ databaseUrl: database.url });
});
afterAll(async () => {
  await demo?.stop();
  await database?.drop();
});

async function metrics(): Promise<{ text: string; samples: Sample[]; of: typeof valueOf }> {
  const text = await (await fetch(`${demo.url}/metrics`)).text();
  const samples = [...parsePrometheusText(text).values()].flatMap((family) => family.samples);
  return { text, samples, of: (name, labels) => valueOf(name, labels, samples) };
}

/** 0 where there is no such sample. */
function valueOf(name: string, labels: Record<string, string>, samples: Sample[] = []): number {
  const wanted = JSON.stringify(Object.entries(labels));
  const found = samples.find(
    (each) => each.name === name && JSON.stringify(Object.entries(each.labels)) === wanted,
  );
  return found?.value ?? 0;
}

it('/metrics has the series of each upload type before anything happens, with 0', async () => {
  const { samples } = await metrics();
  const wanted: [string, Record<string, string>][] = [];
  for (const type of ['uploads/files', 'uploads/videos', 'uploads/notes']) {
    wanted.push(
      ['received_bytes_total', { type }],
      ['writers', { type }],
      ['takeovers_total', { type, reason: 'dead' }],
      ['wait_seconds_count', { type, outcome: 'refused' }],
      ['storage_failures_total', { type, operation: 'write' }],
      ['database_failures_total', { type, operation: 'lease' }],
    );
    for (const protocol of ['content-range', 'tus', 'filepond', 'resumable-http']) {
      wanted.push(
        ['begun_total', { type, protocol }],
        ['completed_total', { type, protocol }],
        ['refused_total', { type, code: 'unavailable', status: '503', protocol }],
      );
    }
  }
  const shown = samples.map(({ name, labels, value }) => JSON.stringify([name, labels, value]));
  const missing = wanted
    .map(([name, labels]) => JSON.stringify([`chunked_upload_${name}`, labels, 0]))
    .filter((each) => !shown.includes(each));
  expect(missing).toEqual([]);
});

it('/metrics answers everybody in the text format of Prometheus', async () => {
  const response = await fetch(`${demo.url}/metrics`);
  expect(response.status).toBe(200);
  expect(response.headers.get('content-type')).toBe('text/plain; version=0.0.4; charset=utf-8');
  const families = parsePrometheusText(await response.text());
  expect(families.get('chunked_upload_begun_total')?.type).toBe('counter');
  expect(families.get('chunked_upload_writers')?.type).toBe('gauge');
  expect(families.get('chunked_upload_storage_seconds')?.type).toBe('histogram');
});

it('/metrics counts what happened, for each upload type by itself', async () => {
  const files = new UploadClient(`${demo.url}/uploads/files`, null);
  const notes = new UploadClient(`${demo.url}/uploads/notes`, null);
  await files.file(file);
  await files.put('bytes 0-99/300', file.subarray(0, 99));
  await notes.whole(file, { filename: 'a.txt', query: { md5: md5(file) } });
  await notes.put('bytes 0-299/300', file, { filename: 'a.exe' });
  const { of } = await metrics();
  const [inFiles, inNotes] = [{ type: 'uploads/files' }, { type: 'uploads/notes' }];
  for (const type of [inFiles, inNotes]) {
    const by = { ...type, protocol: 'content-range' };
    expect(of('chunked_upload_begun_total', by)).toBe(1);
    expect(of('chunked_upload_completed_total', by)).toBe(1);
    expect(of('chunked_upload_received_bytes_total', type)).toBe(300);
    expect(of('chunked_upload_writers', type)).toBe(0);
    const finish = { ...type, operation: 'finish' };
    expect(of('chunked_upload_storage_seconds_count', finish)).toBe(1);
    expect(of('chunked_upload_storage_seconds_sum', finish)).toBeGreaterThan(0);
    expect(of('chunked_upload_storage_seconds_bucket', { ...finish, le: '+Inf' })).toBe(1);
  }
  expect(of('chunked_upload_database_seconds_count', { ...inFiles, operation: 'lease' })).toBe(1);
  const refused = (type: object, code: string) =>
    of('chunked_upload_refused_total', {
      ...type,
      code,
      status: '400',
      protocol: 'content-range',
    });
  expect(refused(inFiles, 'size_mismatch')).toBe(1);
  expect(refused(inNotes, 'invalid_field')).toBe(1);

  const byTus = async (path: string, filename: string): Promise<void> => {
    const metadata = `filename ${Buffer.from(filename).toString('base64')}`;
    await fetch(`${demo.url}/uploads/${path}`, {
      method: 'POST',
      headers: {
        'tus-resumable': '1.0.0',
        'upload-length': '300',
        'upload-metadata': metadata,
        'content-type': 'application/offset+octet-stream',
      },
      body: file,
    });
  };
  await byTus('files', 'a.bin');
  await byTus('notes', 'a.exe');
  const now = await metrics();
  const by = { ...inFiles, protocol: 'tus' };
  expect(now.of('chunked_upload_begun_total', by)).toBe(1);
  expect(now.of('chunked_upload_completed_total', by)).toBe(1);
  const labels = { ...inNotes, code: 'invalid_field', status: '400', protocol: 'tus' };
  expect(now.of('chunked_upload_refused_total', labels)).toBe(1);
});

it('/metrics shows how many requests write at this moment', async () => {
  const connection = await RawConnection.open(demo.url);
  const headers = { 'content-range': 'bytes 0-299/300', 'content-length': 300 };
  const type = { 'content-type': 'application/octet-stream' };
  await connection.head('PUT', '/uploads/files?filename=a', { ...headers, ...type });
  await connection.write(file.subarray(0, 100));
  const writers = async () =>
    (await metrics()).of('chunked_upload_writers', { type: 'uploads/files' });
  await until('one writes', async () => (await writers()) === 1);
  connection.destroy();
  await until('none writes', async () => (await writers()) === 0);
});

it('/metrics has every metric, and every label, of the Grafana dashboard', async () => {
  const files = new UploadClient(`${demo.url}/uploads/files`, null);
  await files.file(file);
  await files.put('bytes 0-99/300', file.subarray(0, 99));
  const path = new URL('../../src/demo/metrics/grafana-dashboard.json', import.meta.url);
  const { panels } = JSON.parse(await readFile(path, 'utf8')) as {
    panels: { targets: { expr: string }[] }[];
  };
  const { text } = await metrics();
  const families = parsePrometheusText(text);
  const used = panels.flatMap(({ targets }) => targets.map(({ expr }) => expr));
  expect(used.length).toBeGreaterThan(10);
  const seen = new Set<string>();
  for (const expr of used) {
    const [name = ''] = /chunked_upload_\w+/.exec(expr) ?? [];
    const of = families.has(name) ? name : name.replace(/_(bucket|sum|count)$/, '');
    const family = families.get(of);
    expect(family, expr).toBeDefined();
    seen.add(of);
    const samples = family?.samples.filter((each) => each.name === name) ?? [];
    const [, by = ''] = /by \(([^)]*)\)/.exec(expr) ?? [];
    for (const label of by.split(', ').filter(Boolean)) {
      for (const { labels } of samples) expect(Object.keys(labels), expr).toContain(label);
    }
  }
  expect(seen.size).toBe(families.size);
});
