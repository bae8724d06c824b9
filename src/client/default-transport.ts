import { fetchTransport } from './fetch-transport.js';
import { type Transport } from './transport.js';
import { xhrTransport } from './xhr-transport.js';

/** XMLHttpRequest where it exists, because `fetch` cannot tell how much of a body it has sent. */
export function defaultTransport(): Transport {
  return typeof XMLHttpRequest === 'undefined' ? fetchTransport : xhrTransport;
}
