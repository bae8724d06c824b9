import { type ChildProcess, execFile } from 'node:child_process';
import { randomUUID } from 'node:crypto';
import { accessSync, constants } from 'node:fs';
import { mkdir, mkdtemp, open, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { delimiter, join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { promisify } from 'node:util';
import { ENVIRONMENT, endSurvivor, hasExited, spawnSurvivor } from '../../src/demo/survivor.js';
import { freePort } from './free-port.js';

const run = promisify(execFile);

/** Debian's packages, which `.ci/run` installs. */
const PACKAGES = 'radosgw ceph-mon ceph-osd ceph-common';
const PROGRAMS = ['radosgw', 'radosgw-admin', 'ceph-mon', 'ceph-osd', 'ceph', 'monmaptool'];
const START_MS = 120_000;
const POLL_MS = 100;
/** Bytes that it keeps, in memory. */
const CAPACITY = 6 * 1024 ** 3;

// It is thrown away: nothing has to be written when it ends.
const SERVE_UNTIL_PARENT_ENDS = `
"$@" 3<&- & server=$!
{ read -r _; kill -9 $server; } <&3 2>/dev/null &
wait $server
kill $! 2>/dev/null`;

/** Null: it can be started here. Else what is missing, and how that is cured. */
export const cephIsMissing: string | null = PROGRAMS.every(isOnPath)
  ? null
  : `Ceph is not installed: apt-get install --no-install-recommends ${PACKAGES}`;

/**
 * A throw-away Ceph with its S3 gateway, on 127.0.0.1: a real, distributed engine. It ends with
 * this process, also when that is killed.
 */
export class Ceph {
  readonly credentials = { accessKeyId: 'TESTKEY', secretAccessKey: 'TESTSECRET' };
  readonly region = 'us-east-1';
  #gateway: ChildProcess | null = null;

  private constructor(
    private readonly folder: string,
    private readonly port: number,
    private readonly servers: ChildProcess[],
  ) {}

  static async start(): Promise<Ceph> {
    if (cephIsMissing !== null) throw new Error(cephIsMissing);
    const folder = await mkdtemp(join(tmpdir(), 'ceph-'));
    const [port, first, second] = [await freePort(), await freePort(), await freePort()];
    const ceph = new Ceph(folder, port, []);
    try {
      await ceph.#startCluster(`[v2:127.0.0.1:${first},v1:127.0.0.1:${second}]`);
      await ceph.startGateway();
      const names = ['--uid=test', '--display-name=test'];
      const { accessKeyId, secretAccessKey } = ceph.credentials;
      const keys = [`--access-key=${accessKeyId}`, `--secret-key=${secretAccessKey}`];
      await ceph.#run('radosgw-admin', 'user', 'create', ...names, ...keys);
      return ceph;
    } catch (error) {
      await ceph.stop();
      throw error;
    }
  }

  get endpoint(): string {
    return `http://127.0.0.1:${this.port}`;
  }

  async startGateway(): Promise<void> {
    this.#gateway = await this.#serve('radosgw', '-f', '-n', 'client.rgw.a');
    const isUp = () =>
      fetch(this.endpoint).then(
        () => true,
        () => false,
      );
    await this.#until('The gateway', this.#gateway, isUp);
  }

  /** `kill -9`: what it was asked for may be done, or not. */
  async killGateway(): Promise<void> {
    if (this.#gateway) await endSurvivor(this.#gateway);
  }

  async stop(): Promise<void> {
    await this.killGateway();
    for (const server of this.servers) await endSurvivor(server);
    await rm(this.folder, { recursive: true, force: true, maxRetries: 10 });
  }

  async #startCluster(address: string): Promise<void> {
    const fsid = randomUUID();
    for (const name of ['mon', 'osd', 'log', 'run']) await mkdir(join(this.folder, name));
    await writeFile(join(this.folder, 'keyring'), '');
    await writeFile(this.#configuration, configuration(this.folder, fsid, address, this.port));
    const map = join(this.folder, 'monmap');
    await run('monmaptool', ['--create', '--fsid', fsid, '--addv', 'a', address, map]);
    await this.#run('ceph-mon', '--mkfs', '-i', 'a', '--monmap', map);
    await this.#serve('ceph-mon', '-f', '-i', 'a');
    const osd = randomUUID();
    await this.#run('ceph', 'osd', 'new', osd);
    await this.#run('ceph-osd', '--mkfs', '-i', '0', '--osd-uuid', osd);
    const server = await this.#serve('ceph-osd', '-f', '-i', '0');
    const isUp = async () => /\b1 up\b/.test(await this.#run('ceph', 'osd', 'stat'));
    await this.#until('The storage daemon', server, isUp);
  }

  get #configuration(): string {
    return join(this.folder, 'ceph.conf');
  }

  async #run(program: string, ...args: string[]): Promise<string> {
    const options = { env: ENVIRONMENT, timeout: START_MS };
    return (await run(program, ['-c', this.#configuration, ...args], options)).stdout;
  }

  async #serve(program: string, ...args: string[]): Promise<ChildProcess> {
    const command = [program, '-c', this.#configuration, ...args];
    const log = await open(join(this.folder, 'log', `${program}.txt`), 'a');
    try {
      const server = await spawnSurvivor(SERVE_UNTIL_PARENT_ENDS, command, { log: log.fd });
      if (program !== 'radosgw') this.servers.push(server);
      return server;
    } finally {
      await log.close();
    }
  }

  async #until(
    what: string,
    server: ChildProcess,
    condition: () => Promise<boolean>,
  ): Promise<void> {
    const deadline = Date.now() + START_MS;
    while (!(await condition())) {
      if (hasExited(server) || Date.now() > deadline) {
        throw new Error(`${what} does not start:\n${await this.#lastLines(server)}`);
      }
      await sleep(POLL_MS);
    }
  }

  async #lastLines(server: ChildProcess): Promise<string> {
    const program = server.spawnargs.find((each) => PROGRAMS.includes(each)) ?? '';
    const log = await readFile(join(this.folder, 'log', `${program}.txt`), 'utf8');
    return log.slice(-4000);
  }
}

function isOnPath(program: string): boolean {
  return ENVIRONMENT.PATH.split(delimiter).some((folder) => {
    try {
      accessSync(join(folder, program), constants.X_OK);
      return true;
    } catch {
      return false;
    }
  });
}

function configuration(folder: string, fsid: string, address: string, port: number): string {
  return `[global]
fsid = ${fsid}
mon host = ${address}
auth cluster required = none
auth service required = none
auth client required = none
ms mon client mode = crc
ms mon cluster mode = crc
ms mon service mode = crc
public addr = 127.0.0.1
cluster addr = 127.0.0.1
ms bind ipv6 = false
osd pool default size = 1
osd pool default min size = 1
osd pool default pg num = 4
osd pool default pgp num = 4
osd pool default pg autoscale mode = off
osd crush chooseleaf type = 0
mon allow pool size one = true
mon max pg per osd = 1000
mon data = ${folder}/mon
osd data = ${folder}/osd
osd objectstore = memstore
memstore device bytes = ${CAPACITY}
log file = ${folder}/log/$name.log
run dir = ${folder}/run
admin socket = ${folder}/run/$name.asok
pid file = ${folder}/run/$name.pid
keyring = ${folder}/keyring
[client.rgw.a]
rgw frontends = beast endpoint=127.0.0.1:${port}
rgw thread pool size = 32
rgw dns name = localhost
rgw enable usage log = false
rgw gc obj min wait = 5
rgw gc processor period = 5
`;
}
