import { fetchTransport } from '../fetch-transport.js';
import { type QueueSnapshot } from '../queue/index.js';
import { type Transport } from '../transport.js';

/**
 * Says why nothing gets on, once for each reason: the command tries for as long as it takes, and a wrong name or
 * a certificate that nobody trusts does not mend itself.
 */
export class Trouble {
  private reason = '';
  private told = '';
  private sent = 0;

  /** As `fetch`, and notes why it failed. */
  readonly transport: Transport = async (request) => {
    try {
      return await fetchTransport(request);
    } catch (error) {
      if (!request.signal.aborted) this.reason = reasonOf(error);
      throw error;
    }
  };

  /** @returns what is to be told now; empty: nothing new */
  look({ counts, items, sent }: QueueSnapshot): string {
    if (sent > this.sent) this.told = '';
    this.sent = sent;
    if (counts.retrying === 0 || counts.sending + counts.completing > 0) return '';
    const error = items.find(({ state }) => state === 'retrying')?.error;
    if (!error) return '';
    const reason = error.code === 'network' && this.reason !== '' ? ` (${this.reason})` : '';
    const text = `${error.message}${reason} It is tried again until it succeeds.`;
    if (text === this.told) return '';
    this.told = text;
    return text;
  }
}

/** `fetch` only says that it failed; what it says why may be nested, and have a code alone. */
function reasonOf(error: unknown): string {
  if (!(error instanceof Error)) return '';
  if (error.cause !== undefined) return reasonOf(error.cause);
  const code = 'code' in error && typeof error.code === 'string' ? error.code : '';
  return error.message || code;
}
