import { misused, settings } from './settings.mjs';

const UPLOADS = ['8mib', '1mib', '16x4mib', 'small'];

/**
 * `server` is a file of servers/, started as a process of its own with `options`; `client` one of
 * clients/, which speaks its protocol. Those without a server are the floor: what the disk allows
 * when nobody speaks HTTP to it.
 *
 * `verifies`: the last answer says that the file has the client's sum. `requests`: how many a small
 * file takes; null where nobody promises anything. `scenarios`: those that it takes part in, if not
 * in all.
 */
const all = [
  // With the defaults of the module: MD5 and fsync.
  { name: 'ours', system: 'ours', client: 'content-range', verifies: true },
  {
    name: 'ours, no checksum',
    system: 'ours',
    options: { checksum: false },
    client: 'content-range',
  },
  {
    name: 'ours, fsync off',
    system: 'ours',
    options: { fsync: false },
    client: 'content-range',
    verifies: true,
    scenarios: UPLOADS,
  },
  {
    name: 'ours, one POST',
    system: 'ours',
    client: 'whole-file',
    verifies: true,
    requests: 1,
    scenarios: ['small'],
  },
  {
    name: 'ours, one POST, no checksum',
    system: 'ours',
    options: { checksum: false },
    client: 'whole-file',
    requests: 1,
    scenarios: ['small'],
  },
  { name: '@tus/server', system: 'tus', client: 'tus' },
  {
    name: '@tus/server, verified',
    system: 'tus',
    options: { verify: true },
    client: 'tus',
    verifies: true,
    scenarios: UPLOADS,
  },
  {
    name: '@tus/server, one POST',
    system: 'tus',
    client: 'tus-at-once',
    requests: 1,
    scenarios: ['small'],
  },
  {
    name: '@tus/server, one POST, verified',
    system: 'tus',
    options: { verify: true },
    client: 'tus-at-once',
    verifies: true,
    requests: 1,
    scenarios: ['small'],
  },
  { name: '@uploadx/core', system: 'uploadx', client: 'uploadx' },
  {
    name: '@uploadx/core, verified',
    system: 'uploadx',
    options: { verify: true },
    client: 'uploadx',
    verifies: true,
    scenarios: UPLOADS,
  },
  {
    name: '@uploadx/core, one form',
    system: 'uploadx',
    client: 'uploadx-form',
    requests: 1,
    scenarios: ['small'],
  },
  {
    name: '@uploadx/core, one form, verified',
    system: 'uploadx',
    options: { verify: true },
    client: 'uploadx-form',
    verifies: true,
    requests: 1,
    scenarios: ['small'],
  },
  { name: 'bare Nest', system: 'bare-nest', client: 'bare', requests: null, scenarios: UPLOADS },
  { name: 'bare node:http', system: 'bare-node', client: 'bare', requests: null },
  {
    name: 'disk, fdatasync after each chunk',
    system: null,
    client: 'disk-each-chunk',
    requests: null,
    scenarios: UPLOADS,
  },
  {
    name: 'disk, fdatasync once a file',
    system: null,
    client: 'disk-each-file',
    requests: null,
    scenarios: ['8mib'],
  },
  // To a store.
  { name: 'ours, S3', system: 'ours-s3', client: 'content-range', verifies: true, onStore: true },
  {
    name: '@tus/s3-store',
    system: 'tus-s3',
    folder: 's3-peers',
    client: 'tus',
    onStore: true,
  },
  {
    // Each chunk is a part: smaller ones than 5 MiB make no file.
    name: '@uploadx/s3',
    system: 'uploadx-s3',
    folder: 's3-peers',
    client: 'uploadx',
    onStore: true,
    scenarios: ['s3-8mib', 's3-16x8mib'],
  },
].map((candidate) => ({
  options: {},
  folder: 'servers',
  verifies: false,
  onStore: false,
  requests: 2,
  ...candidate,
}));

export const isOurs = ({ system }) => system?.startsWith('ours') ?? false;

/** A whole name means that candidate alone, a part of names all that have it. */
const isMeant = (wanted, { name }) =>
  all.some((each) => each.name === wanted) ? name === wanted : name.includes(wanted);

const unknown = settings.candidates?.filter((wanted) => !all.some((each) => isMeant(wanted, each)));
if (unknown?.length > 0) {
  misused(`No candidate "${unknown}": there are ${all.map(({ name }) => name).join('; ')}`);
}

export const candidatesOf = (scenario) =>
  all
    .filter(({ onStore }) => onStore === (scenario.onStore ?? false))
    .filter(({ scenarios }) => scenarios?.includes(scenario.key) ?? true)
    .filter((each) => settings.candidates?.some((wanted) => isMeant(wanted, each)) ?? true);
