import { subscribe, unsubscribe } from 'node:diagnostics_channel';
import type { OnModuleDestroy, OnModuleInit } from '@nestjs/common';
import {
  CHUNKED_UPLOAD_CHANNELS,
  type ChunkedUploadMeasurementName,
  type ChunkedUploadMeasurements,
  type OperationTimed,
} from '../../index.js';
import { Counter, Gauge, Histogram, type Labels } from './metric.js';

/** In seconds. A request waits for another one at most a second. */
const WAITS = [0.02, 0.05, 0.1, 0.25, 0.5, 0.75, 1, 2];
const OPERATIONS = [0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10];

/** Refusals that say that something is out of order, as code and status. */
const OUTAGES = [
  ['unavailable', '503'],
  ['storage_full', '507'],
  ['bytes_missing', '410'],
] as const;
/** Calls that every upload needs; each other one is there from its first call on. */
const NEEDED = {
  storage: ['open', 'write', 'sync', 'finish', 'createReadStream', 'remove'],
  database: ['findOne', 'insert', 'lease', 'commit', 'transaction'],
} as const;

type Listeners = {
  readonly [N in ChunkedUploadMeasurementName]: (message: ChunkedUploadMeasurements[N]) => void;
};

/** Adds up what the library measures in this process, for Prometheus. */
export class UploadMetrics implements OnModuleInit, OnModuleDestroy {
  readonly #begun = new Counter('chunked_upload_begun_total', 'Uploads begun, by protocol.');
  readonly #completed = new Counter(
    'chunked_upload_completed_total',
    'Uploads completed, by the protocol that began them.',
  );
  readonly #refused = new Counter(
    'chunked_upload_refused_total',
    'Requests refused, by the code of the error and the status of the answer.',
  );
  readonly #received = new Counter('chunked_upload_received_bytes_total', 'Bytes acknowledged.');
  readonly #salvaged = new Counter(
    'chunked_upload_salvaged_bytes_total',
    'Acknowledged bytes of requests that broke off.',
  );
  readonly #takeovers = new Counter(
    'chunked_upload_takeovers_total',
    'Writers that were ended, or found dead, for another request.',
  );
  readonly #waits = new Histogram(
    'chunked_upload_wait_seconds',
    'How long requests waited for another one that wrote the same upload.',
    WAITS,
  );
  readonly #writers = new Gauge(
    'chunked_upload_writers',
    'Requests that write or complete uploads.',
  );
  readonly #storage = timings('storage');
  readonly #database = timings('database');

  readonly #metrics = [
    this.#begun,
    this.#completed,
    this.#refused,
    this.#received,
    this.#salvaged,
    this.#takeovers,
    this.#waits,
    this.#writers,
    this.#storage.seconds,
    this.#storage.failures,
    this.#database.seconds,
    this.#database.failures,
  ];

  readonly #listeners: Listeners = {
    begun: ({ type, protocol }) => this.#begun.add({ type, ...named(protocol) }),
    completed: ({ type, protocol }) => this.#completed.add({ type, ...named(protocol) }),
    refused: ({ type, code, status, protocol }) =>
      this.#refused.add({ type, code, status: String(status), protocol }),
    received: ({ type, bytes }) => this.#received.add({ type }, bytes),
    salvaged: ({ type, bytes }) => this.#salvaged.add({ type }, bytes),
    takeover: ({ type, reason }) => this.#takeovers.add({ type, reason }),
    waited: ({ type, ms, granted }) =>
      this.#waits.observe({ type, outcome: granted ? 'granted' : 'refused' }, ms / 1000),
    writers: ({ type, running }) => this.#writers.set({ type }, running),
    storage: (operation) => this.#storage.add(operation),
    database: (operation) => this.#database.add(operation),
  };

  /**
   * Of these upload types, by their paths, what counts failures and traffic begins with 0: of a counter that
   * appears with its first event, Prometheus does not see an increase.
   *
   * @param protocols that the types speak
   */
  constructor(types: readonly string[], protocols: readonly string[]) {
    for (const type of types) {
      this.#received.add({ type }, 0);
      this.#salvaged.add({ type }, 0);
      this.#writers.set({ type }, 0);
      for (const reason of ['silent', 'dead']) this.#takeovers.add({ type, reason }, 0);
      for (const outcome of ['granted', 'refused']) this.#waits.begin({ type, outcome });
      for (const operation of NEEDED.storage) this.#storage.failures.add({ type, operation }, 0);
      for (const operation of NEEDED.database) this.#database.failures.add({ type, operation }, 0);
      for (const protocol of protocols) {
        this.#begun.add({ type, protocol }, 0);
        this.#completed.add({ type, protocol }, 0);
        for (const [code, status] of OUTAGES) {
          this.#refused.add({ type, code, status, protocol }, 0);
        }
      }
    }
  }

  onModuleInit(): void {
    for (const [channel, listener] of this.#subscriptions()) subscribe(channel, listener);
  }

  onModuleDestroy(): void {
    for (const [channel, listener] of this.#subscriptions()) unsubscribe(channel, listener);
  }

  /** Prometheus' text format, version 0.0.4. */
  toString(): string {
    return this.#metrics.join('');
  }

  #subscriptions(): [string, (message: unknown) => void][] {
    const names = Object.keys(CHUNKED_UPLOAD_CHANNELS) as ChunkedUploadMeasurementName[];
    return names.map((name) => [
      CHUNKED_UPLOAD_CHANNELS[name],
      this.#listeners[name] as (message: unknown) => void,
    ]);
  }
}

/** What was called without HTTP has none. */
function named(protocol: string | null): Labels {
  return protocol === null ? {} : { protocol };
}

function timings(what: 'storage' | 'database') {
  const seconds = new Histogram(
    `chunked_upload_${what}_seconds`,
    `How long calls of the ${what} took.`,
    OPERATIONS,
  );
  const failures = new Counter(
    `chunked_upload_${what}_failures_total`,
    `Calls of the ${what} that failed.`,
  );
  const add = ({ type, operation, ms, failed }: OperationTimed): void => {
    seconds.observe({ type, operation }, ms / 1000);
    failures.add({ type, operation }, failed ? 1 : 0);
  };
  return { seconds, failures, add };
}
