import { misused, settings } from './settings.mjs';
import { S3_ACCESS } from './support/store.mjs';

const KiB = 1024;
const MiB = 1024 * KiB;

const scaled = (count) => Math.max(1, Math.round(count * settings.scale));

/**
 * `warmUp` is sent before the timed part, so that every server is measured with compiled code and
 * open connections. Its files have another size, which tells them apart on the disk.
 */
const all = [
  {
    key: '8mib',
    title: `${scaled(128) * 8} MiB in 8 MiB chunks by one client`,
    unit: 'MiB/s',
    clients: 1,
    chunkSize: 8 * MiB,
    files: { count: 1, size: scaled(128) * 8 * MiB },
    warmUp: { count: 1, size: 65 * MiB },
  },
  {
    key: '1mib',
    title: `${scaled(256)} MiB in 1 MiB chunks by one client`,
    unit: 'MiB/s',
    clients: 1,
    chunkSize: MiB,
    files: { count: 1, size: scaled(256) * MiB },
    warmUp: { count: 1, size: 64 * MiB + 1 },
  },
  {
    key: '16x4mib',
    title: `16 clients at once, each ${scaled(16) * 4} MiB in 4 MiB chunks`,
    unit: 'MiB/s',
    clients: 16,
    chunkSize: 4 * MiB,
    files: { count: 16, size: scaled(16) * 4 * MiB },
    warmUp: { count: 16, size: 5 * MiB },
  },
  {
    key: 'small',
    title: `${scaled(2000)} files of 64 KiB by 16 clients`,
    unit: 'files/s',
    clients: 16,
    chunkSize: 64 * KiB,
    files: { count: scaled(2000), size: 64 * KiB },
    warmUp: { count: 200, size: 64 * KiB - 1 },
  },
  {
    // The first and the last file are sent alone, the one between them beside the trickling clients.
    key: 'trickle',
    title: `${scaled(64) * 8} MiB in 8 MiB chunks by one client, beside 200 clients of 4 KiB/s`,
    unit: 'MiB/s',
    clients: 1,
    chunkSize: 8 * MiB,
    files: { count: 3, size: scaled(64) * 8 * MiB },
    warmUp: { count: 1, size: 65 * MiB },
    trickling: { clients: 200, quickly: 64 * KiB, slowly: 8 * MiB, drop: KiB, everyMs: 250 },
  },
];

// To a store, where one is given.
const ON_STORE = ['8mib', '1mib'].map((key) => {
  const scenario = all.find((each) => each.key === key);
  return { ...scenario, key: `s3-${key}`, title: `S3: ${scenario.title}`, onStore: true };
});
ON_STORE.push({
  key: 's3-16x8mib',
  title: `S3: 16 clients at once, each ${scaled(8) * 8} MiB in 8 MiB chunks`,
  unit: 'MiB/s',
  clients: 16,
  chunkSize: 8 * MiB,
  files: { count: 16, size: scaled(8) * 8 * MiB },
  warmUp: { count: 16, size: 9 * MiB },
  onStore: true,
});
if (S3_ACCESS) all.push(...ON_STORE);

const unknown = settings.only?.filter((wanted) => !all.some(({ key }) => key === wanted));
if (unknown?.length > 0) {
  misused(`No scenario "${unknown}": there are ${all.map(({ key }) => key).join(', ')}`);
}

export const scenarios = all.filter(({ key }) => settings.only?.includes(key) ?? true);
