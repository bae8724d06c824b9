import { availableParallelism } from 'node:os';
import {
  cpuSeconds,
  familyCpuSeconds,
  kernelCpuSeconds,
  machineCpuSeconds,
  peakMemory,
  resetPeakMemory,
} from './proc.mjs';

/** Measures the timed part of a turn from outside, through /proc. */
export class Meter {
  #server;
  #client;
  #postgres;
  #before;

  /** Process ids; without a server the client is what is measured. `postgres` may be null. */
  constructor({ server, client, postgres }) {
    this.#server = server ?? client;
    this.#client = client;
    this.#postgres = postgres;
  }

  start() {
    resetPeakMemory(this.#server);
    this.#before = this.#read();
  }

  stop() {
    const after = this.#read();
    const { at, server, postgres, others } = Object.fromEntries(
      Object.keys(after).map((key) => [key, after[key] - this.#before[key]]),
    );
    return {
      cpu: server,
      postgresCpu: this.#postgres ? postgres : null,
      memory: peakMemory(this.#server),
      /** Share of the machine that neither server, client, Postgres nor the kernel used. */
      othersShare: Math.max(0, others) / (at * availableParallelism()),
    };
  }

  #read() {
    const server = cpuSeconds(this.#server);
    const client = this.#client === this.#server ? 0 : cpuSeconds(this.#client);
    const postgres = this.#postgres ? familyCpuSeconds(this.#postgres) : 0;
    const mine = server + client + postgres + cpuSeconds(process.pid) + kernelCpuSeconds();
    return { at: performance.now() / 1000, server, postgres, others: machineCpuSeconds() - mine };
  }
}
