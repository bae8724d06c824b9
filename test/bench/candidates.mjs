import { settings } from './settings.mjs';

/**
 * `server` is a file of servers/, started as a process of its own; `client` one of clients/, which
 * speaks its protocol. A candidate with `scenario` takes part in that one only. Those without a
 * server are the floor: what the disk allows when nobody speaks HTTP to it.
 */
const all = [
  {
    name: 'ours, fsync off',
    ours: true,
    server: 'ours',
    options: { fsync: false },
    client: 'content-range',
  },
  {
    name: 'ours, fsync on',
    ours: true,
    server: 'ours',
    options: { fsync: true },
    client: 'content-range',
  },
  {
    // As the peers do it: shows what the hash costs.
    name: 'ours, no checksum, fsync off',
    ours: true,
    server: 'ours',
    options: { fsync: false, checksum: false },
    client: 'content-range',
  },
  {
    name: 'ours, whole-file POST, fsync off',
    ours: true,
    server: 'ours',
    options: { fsync: false },
    client: 'whole-file',
    scenario: 'small',
  },
  {
    name: 'ours, whole-file POST, fsync on',
    ours: true,
    server: 'ours',
    options: { fsync: true },
    client: 'whole-file',
    scenario: 'small',
  },
  { name: '@tus/server', server: 'tus', client: 'tus' },
  {
    name: '@tus/server, creation-with-upload',
    server: 'tus',
    client: 'tus-at-once',
    scenario: 'small',
  },
  { name: '@uploadx/core', server: 'uploadx', client: 'uploadx' },
  { name: 'bare Nest', server: 'bare-nest', client: 'bare' },
  { name: 'bare node:http', server: 'bare-node', client: 'bare' },
  { name: 'disk, fdatasync after each chunk', client: 'disk-each-chunk' },
  { name: 'disk, fdatasync once a file', client: 'disk-each-file', scenario: 'large' },
];

/** Ours is compared with these, each by its own name. */
export const isPeer = (candidate) => !candidate.ours;

export const candidatesOf = (scenario) =>
  all
    .filter((candidate) => (candidate.scenario ?? scenario.key) === scenario.key)
    .filter(({ name }) => settings.only?.some((part) => name.includes(part)) ?? true);
