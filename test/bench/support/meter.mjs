import { availableParallelism } from 'node:os';
import {
  cpuSeconds,
  familyCpuSeconds,
  kernelCpuSeconds,
  machineCpuSeconds,
  peakMemory,
  resetPeakMemory,
  storeCpuSeconds,
} from './proc.mjs';

/** Measures the timed part of a turn from outside, through /proc. */
export class Meter {
  #server;
  #others;
  #postgres;
  #before;

  /**
   * Process ids, all but one of them optional: without a server the client is what is measured. The
   * helpers are not measured either, and no disturbance.
   */
  constructor({ server, client, helpers = [], postgres }) {
    this.#server = server ?? client;
    this.#others = [client, ...helpers].filter((pid) => pid && pid !== this.#server);
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
      /** Share of the machine that neither server, client, Postgres, store nor the kernel used. */
      othersShare: Math.max(0, others) / (at * availableParallelism()),
    };
  }

  #read() {
    const server = cpuSeconds(this.#server);
    const clients = this.#others.reduce((seconds, pid) => seconds + cpuSeconds(pid), 0);
    const postgres = this.#postgres ? familyCpuSeconds(this.#postgres) : 0;
    const mine =
      server +
      clients +
      postgres +
      cpuSeconds(process.pid) +
      kernelCpuSeconds() +
      storeCpuSeconds();
    return { at: performance.now() / 1000, server, postgres, others: machineCpuSeconds() - mine };
  }
}
