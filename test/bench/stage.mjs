import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdir, mkdtemp, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { isOurs } from './candidates.mjs';
import { settings } from './settings.mjs';
import { Child } from './support/child.mjs';
import { holdMemory } from './support/held-memory.mjs';
import { activityBetween } from './support/instruments/activity.mjs';
import { Meter } from './support/meter.mjs';
import { startServer } from './support/server.mjs';
import { Bucket } from './support/store.mjs';
import { workspace } from './support/workspace.mjs';

const MiB = 1024 * 1024;

const trafficBetween = (before, after) => ({
  requests: after.requests - before.requests,
  sentMiB: (after.sent - before.sent) / MiB,
});

/** What one turn of one candidate takes: a folder or a bucket, a database, its server and a client. */
export class Stage {
  #postgres;
  #clients = [];
  database = null;
  bucket = null;
  server = null;
  client = null;

  constructor(candidate, scenario, sums, postgres) {
    this.candidate = candidate;
    this.scenario = scenario;
    this.sums = sums;
    this.#postgres = isOurs(candidate) ? postgres : null;
  }

  async open() {
    this.directory = await mkdtemp(join(workspace, 'turn-'));
    this.data = join(this.directory, 'data');
    await mkdir(this.data);
    this.database = (await this.#postgres?.createDatabase()) ?? null;
    if (this.scenario.onStore) {
      this.bucket = new Bucket();
      await this.bucket.open();
    }
    if (this.candidate.system) this.server = await startServer(this);
    this.client = await this.addClient('driver.mjs');
    await this.#settleMachine();
  }

  /** Another process of clients: `driver.mjs` or `trickler.mjs`. */
  async addClient(script) {
    const { candidate, scenario, sums, data: directory, server } = this;
    const { client, verifies } = candidate;
    const started = await Child.start(new URL(script, import.meta.url));
    this.#clients.push(started);
    const job = { client, verifies, scenario, sums, directory, url: server?.ready };
    await started.ask('prepare', job);
    return started;
  }

  /** What `work` costs the server, its database and the machine, beside what `work` answers. */
  async measure(work) {
    const [client, ...helpers] = this.#clients.map(({ pid }) => pid);
    const postgres = this.#postgres?.pid ?? null;
    const meter = new Meter({ server: this.server?.pid, client, helpers, postgres });
    const isProfiled = settings.profile && this.server !== null;
    const before = isProfiled && (await this.server.ask('activity'));
    const traffic = this.bucket && (await this.server.ask('traffic'));
    meter.start();
    const from = process.hrtime.bigint();
    const result = await work();
    const to = process.hrtime.bigint();
    const measured = meter.stop();
    const store = traffic && trafficBetween(traffic, await this.server.ask('traffic'));
    const activity = isProfiled ? activityBetween(before, await this.server.ask('activity')) : null;
    return { ...result, ...measured, ...store, activity, window: { from, to } };
  }

  async close() {
    for (const client of this.#clients) await client.stop();
    await this.server?.stop();
    await this.database?.drop();
    await this.bucket?.close();
    await rm(this.directory, { recursive: true });
  }

  /** Leaves memory that is there, and no pages of an earlier turn that wait to be written. */
  async #settleMachine() {
    const { count, size } = this.scenario.files;
    const memory = await holdMemory(1024 + (2 * count * size) / MiB);
    await once(spawn('sync'), 'exit');
    await memory.stop();
  }
}
